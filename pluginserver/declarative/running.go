package declarative

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Narrow says which instances are meant, each by name or id; what is empty means any.
type Narrow struct {
	// Instance is an id, an instance_name, or what the instance is bound to, as in "route orders".
	Instance string
	// Service and Route are where requests go.
	Service, Route string
}

// Running is the one instance that Kong runs for requests without a consumer, where n means one: of several
// that could be, the one that is bound most closely to the service and the route. It does not guess among
// several that are left.
func (d *Document) Running(n Narrow) (*Plugin, error) {
	var left []*Plugin
	for _, at := range d.Places() {
		if p := d.Applied(at, nil); p != nil && at.Called(n.Service, n.Route) && p.Called(n.Instance) && !slices.Contains(left, p) {
			left = append(left, p)
		}
	}
	switch {
	case len(left) == 1:
		return left[0], nil
	case len(left) == 0 && n == Narrow{}:
		return nil, errors.New("no instance that is enabled and runs")
	case len(left) == 0:
		return nil, errors.New("no instance that is enabled and runs, as narrowed by --instance, --service and --route")
	}
	var titles []string
	for _, p := range left {
		titles = append(titles, fmt.Sprintf("%q", p.Title()))
	}
	return nil, fmt.Errorf("%d instances: say --route, --service, or --instance with one of %s", len(left), strings.Join(titles, ", "))
}

// Called tells whether a name is the instance's: its id, its instance_name, or what it is bound to. Empty
// is any's.
func (p *Plugin) Called(name string) bool {
	return name == "" || slices.Contains([]string{p.ID, p.InstanceName, p.Scope()}, name)
}

// Title is a name that Called takes.
func (p *Plugin) Title() string {
	if p.InstanceName != "" {
		return p.InstanceName
	}
	return p.Scope()
}
