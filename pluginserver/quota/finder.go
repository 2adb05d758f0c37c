package quota

import (
	"context"
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
	notes    []string
}

func newFinder(o *Options, env Env) (f *finder, err error) {
	f = &finder{options: o, env: env}
	if f.admin, err = newAdmin(o.AdminURL, o.AdminToken); err != nil {
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

// counts are those of the subject, one for each key and instance.
func (f *finder) counts(ctx context.Context, s subject) ([]*count, error) {
	var found []*count
	plans := map[*declarative.Plugin]*tieredlimit.Plan{}
	for _, place := range f.document.Places() {
		p := f.document.Applied(place, s.consumer)
		if p == nil || !place.Called(f.options.Service, f.options.Route) || !called(p, f.options.Instance) {
			continue
		}
		if plans[p] == nil {
			plan, err := planOf(p, f.redis, f.env)
			if err != nil {
				return nil, err
			}
			plans[p] = plan
		}
		c, err := f.count(ctx, s, p, plans[p], place)
		if err != nil {
			return nil, err
		}
		if c != nil && !slices.ContainsFunc(found, c.same) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil, f.nothing(s)
	}
	return found, nil
}

func called(p *declarative.Plugin, name string) bool {
	return name == "" || slices.Contains([]string{p.ID, p.InstanceName, p.Scope()}, name)
}

func (f *finder) nothing(s subject) error {
	narrowed := ""
	if f.options.Instance+f.options.Service+f.options.Route != "" {
		narrowed = ", as narrowed by --instance, --service and --route,"
	}
	return fmt.Errorf("no instance of %s%s counts the %s %q%s", tieredlimit.Name, narrowed, s.kind, s.name, strings.Join(append([]string{""}, f.notes...), "; "))
}

// count is the subject's at a place; nil where the instance does not count by its kind.
func (f *finder) count(ctx context.Context, s subject, p *declarative.Plugin, plan *tieredlimit.Plan, at declarative.Place) (*count, error) {
	if !plan.Counts(s.kind) {
		f.note("the instance %q counts by %s", p.Scope(), plan.LimitBy)
		return nil, nil
	}
	tier, limits, err := f.tier(s, p, plan)
	if err != nil {
		return nil, err
	}
	c := &count{plan: plan, instance: p, tier: tier, limits: limits, scope: plan.Scope}
	var service, route string
	switch plan.Scope {
	case "service":
		if at.Service != nil {
			c.scope = "service " + at.Service.Label()
			service, err = f.id(ctx, "services", &at.Service.Entity)
		}
	case "route":
		if at.Route != nil {
			c.scope = "route " + at.Route.Label()
			route, err = f.id(ctx, "routes", &at.Route.Entity)
		}
	}
	c.key = plan.Key(s.kind, s.id, service, route)
	return c, err
}

// tier is the operator's word, else the instance's own tier or that of the consumer's tags.
func (f *finder) tier(s subject, p *declarative.Plugin, plan *tieredlimit.Plan) (string, tieredlimit.Limits, error) {
	if named := f.options.Tier; named != "" {
		limits, err := plan.TierNamed(named)
		if err != nil {
			return "", limits, fmt.Errorf("%s: %w", p.Where, err)
		}
		return named, limits, nil
	}
	if plan.Tier == "" {
		if s.untagged && len(plan.Tiers) > 1 {
			return "", tieredlimit.Limits{}, fmt.Errorf("the tags of the %s %q are not known: say --tier", s.kind, s.name)
		}
		if plan.TierClaim != "" {
			f.note("tokens may name a tier in the claim %q: say --tier if that is another one", plan.TierClaim)
		}
	}
	var tags []string
	if s.consumer != nil {
		tags = s.consumer.Tags
	}
	name, limits := plan.TierOf(tags)
	return name, limits, nil
}

// id is that of a service or a route by which counts are kept apart.
func (f *finder) id(ctx context.Context, kind string, e *declarative.Entity) (string, error) {
	if f.admin != nil && e.Origin == declarative.Derived {
		found, err := f.admin.find(ctx, kind, e.Name)
		if err != nil {
			return "", err
		}
		if found == nil {
			return "", fmt.Errorf("kong has no %q among its %s", e.Name, kind)
		}
		e.ID, e.Origin = found.ID, fromAdmin
	}
	if e.ID == "" {
		return "", fmt.Errorf("one of the %s has neither an id nor a name, and counts are kept by it: Kong gives it another id each time it reads the file", kind)
	}
	return e.ID, nil
}
