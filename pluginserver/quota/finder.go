package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tieredlimit "tollgate/plugins/tiered-limit"
	"tollgate/pluginserver/declarative"
)

// finder finds the counts of a target.
type finder struct {
	options  *Options
	env      Env
	document *declarative.Document
	admin    *admin // nil where there is none to ask
	redis    map[string]any
	plans    map[*declarative.Plugin]planned
	notes    []string
}

// planned is what an instance's configuration means, or what is wrong with it.
type planned struct {
	plan *tieredlimit.Plan
	err  error
}

func newFinder(o *Options, env Env) (f *finder, err error) {
	f = &finder{options: o, env: env, plans: map[*declarative.Plugin]planned{}}
	if f.admin, err = newAdmin(o.AdminURL, o.AdminToken, o.Timeout); err != nil {
		return nil, err
	}
	if f.redis, err = o.overrides(env); err != nil {
		return nil, err
	}
	f.document, err = readDocument(o, env)
	return f, err
}

func (f *finder) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.notes, text) {
		f.notes = append(f.notes, text)
	}
}

// counts are those of the subject, one for each key and instance. An instance that cannot be read, or does not
// say where it counts, is noted: the others are no worse for it.
func (f *finder) counts(ctx context.Context, s subject) ([]*count, error) {
	for _, where := range f.document.Grouped {
		f.note("%s: consumer groups are not looked at; their requests may be counted by this instance instead", where)
	}
	var found []*count
	for _, at := range f.document.Places() {
		for _, requester := range s.requesters(f.document) {
			p := f.document.Applied(at, requester)
			if !f.means(at, p) || p.Consumer != requester && s.consumer == nil {
				continue // what holds for everybody is found without one
			}
			c, err := f.count(ctx, s, p, at)
			if unclear := (*obstacle)(nil); errors.As(err, &unclear) {
				f.note("%v", unclear)
			} else if err != nil {
				return nil, err
			}
			if c != nil && !slices.ContainsFunc(found, c.same) {
				found = append(found, c)
			}
		}
	}
	if len(found) == 0 {
		return nil, f.nothing(s)
	}
	return found, nil
}

// obstacle is why one instance's count cannot be found.
type obstacle struct{ error }

// means tells whether the operator's flags mean the instance of a place; it is nil where there is none.
func (f *finder) means(at declarative.Place, p *declarative.Plugin) bool {
	named := f.options.Instance
	return p != nil && at.Called(f.options.Service, f.options.Route) &&
		(named == "" || slices.Contains([]string{p.ID, p.InstanceName, p.Scope()}, named))
}

func (f *finder) nothing(s subject) error {
	narrowed := ""
	if f.options.Instance+f.options.Service+f.options.Route != "" {
		narrowed = ", as narrowed by --instance, --service and --route,"
	}
	return fmt.Errorf("no instance of %s%s counts the %s %q%s", tieredlimit.Name, narrowed, s.kind, s.name, strings.Join(append([]string{""}, f.notes...), "; "))
}

// plan compiles each instance's configuration once.
func (f *finder) plan(p *declarative.Plugin) (*tieredlimit.Plan, error) {
	made, ok := f.plans[p]
	if !ok {
		if made.plan, made.err = planOf(p, f.redis, f.env); made.err != nil {
			made.err = &obstacle{made.err}
		}
		f.plans[p] = made
	}
	return made.plan, made.err
}

// count is the subject's at a place; nil where the instance does not count by its kind.
func (f *finder) count(ctx context.Context, s subject, p *declarative.Plugin, at declarative.Place) (*count, error) {
	plan, err := f.plan(p)
	if err != nil || !f.counted(s, p, plan) {
		return nil, err
	}
	c := &count{plan: plan, instance: p}
	if c.tier, c.limits, err = f.tier(s, p, plan); err != nil {
		return nil, err
	}
	var service, route string
	switch plan.Scope {
	case "service":
		c.scope, service, err = f.service(ctx, p, at)
	case "route":
		c.scope, route, err = f.route(ctx, p, at)
	default:
		c.scope = plan.Scope
	}
	if err != nil {
		return nil, err
	}
	c.key = plan.Key(s.kind, s.id, service, route)
	return c, nil
}

// counted tells whether the instance counts by the subject's kind, and notes where it counts by another one.
func (f *finder) counted(s subject, p *declarative.Plugin, plan *tieredlimit.Plan) bool {
	switch {
	case plan.LimitBy == s.kind:
		return true
	case s.consumer == nil && p.Consumer != nil:
		return false // its requests have a consumer, which is not who was asked for
	case !plan.Counts(s.kind):
		f.note("the instance %q counts by %s", p.Scope(), plan.LimitBy)
		return false
	case s.kind == consumer:
		f.note("the instance %q counts by %s, and for the consumer only requests whose %s has no id", p.Scope(), plan.LimitBy, plan.LimitBy)
	}
	return true
}
