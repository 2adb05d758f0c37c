package quota

import (
	"fmt"

	tieredlimit "tollgate/plugins/tiered-limit"
	"tollgate/pluginserver/declarative"
)

// tier is the operator's word, else the instance's own tier or that of the consumer's tags.
func (f *finder) tier(s subject, p *declarative.Plugin, plan *tieredlimit.Plan) (string, tieredlimit.Limits, error) {
	if named := f.options.Tier; named != "" {
		limits, err := plan.TierNamed(named)
		if err != nil {
			err = &obstacle{fmt.Errorf("%s: %w", p.Where, err)}
		}
		return named, limits, err
	}
	requester, known := s.requester(p, plan)
	if plan.Tier == "" {
		if !known && len(plan.Tiers) > 1 {
			return "", tieredlimit.Limits{}, s.tierless(p)
		}
		if plan.TierClaim != "" {
			f.note("tokens may name a tier in the claim %q: say --tier if that is another one", plan.TierClaim)
		}
	}
	var tags []string
	if requester != nil {
		tags = requester.Tags
	}
	name, limits := plan.TierOf(tags)
	return name, limits, nil
}

// tierless tells that an instance of several tiers has one of them for the subject, and which is not known.
func (s subject) tierless(p *declarative.Plugin) error {
	if s.kind == ip {
		return fmt.Errorf("the instance %q counts the ip %q in the tier of whoever makes the request: say --tier", p.Scope(), s.name)
	}
	return fmt.Errorf("the tags of the %s %q are not known: say --tier", s.kind, s.name)
}

// requester is who makes the subject's requests to an instance, nil where nobody is known to, and whether
// that, and so the tags, are known.
func (s subject) requester(p *declarative.Plugin, plan *tieredlimit.Plan) (c *declarative.Consumer, known bool) {
	switch {
	case p.Consumer != nil:
		return p.Consumer, true
	case s.kind == ip:
		return nil, plan.LimitBy != ip // an address counts for those who are nobody, or for everybody
	}
	return s.consumer, !s.untagged
}
