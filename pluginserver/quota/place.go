package quota

import (
	"context"
	"fmt"

	"tollgate/pluginserver/declarative"
)

// service names the service of a place by whose counts are apart, and its id. Routes without one share a
// count.
func (f *finder) service(ctx context.Context, p *declarative.Plugin, at declarative.Place) (words, id string, err error) {
	switch {
	case at.Service != nil:
		id, err = f.id(ctx, "services", &at.Service.Entity)
		return "service " + at.Service.Label(), id, err
	case at.Route != nil:
		return "routes without a service", "", nil
	}
	return "", "", obstructed("%s: counts are kept by service, and the files know none", p.Where)
}

// route names the route of a place by whose counts are apart, and its id.
func (f *finder) route(ctx context.Context, p *declarative.Plugin, at declarative.Place) (words, id string, err error) {
	switch {
	case at.Route != nil:
		id, err = f.id(ctx, "routes", &at.Route.Entity)
		return "route " + at.Route.Label(), id, err
	case at.Service != nil:
		return "", "", obstructed("%s: counts are kept by route, and the files know none of the service %s", p.Where, at.Service.Label())
	}
	return "", "", obstructed("%s: counts are kept by route, and the files know none", p.Where)
}

// id is that of a service or a route by which counts are kept apart.
func (f *finder) id(ctx context.Context, kind string, e *declarative.Entity) (string, error) {
	if f.admin != nil && e.Origin == declarative.Derived {
		found, err := f.admin.find(ctx, kind, e.Name)
		if err != nil {
			return "", err
		}
		if found == nil {
			return "", obstructed("kong has no %q among its %s", e.Name, kind)
		}
		e.ID, e.Origin = found.ID, fromAdmin
	}
	if e.ID == "" {
		return "", obstructed("one of the %s has neither an id nor a name, and counts are kept by it: Kong gives it another id each time it reads the file", kind)
	}
	return e.ID, nil
}

func obstructed(format string, args ...any) error { return &obstacle{fmt.Errorf(format, args...)} }
