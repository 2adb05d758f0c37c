package tieredlimit

import (
	"fmt"
	"strconv"

	"tollgate/internal/plugin"
)

// Plan is what one configuration means, for those who are not Kong: who is counted under which key, and
// within which limits.
type Plan struct {
	Config
	tiers    ladder
	subjects subjects
}

// NewPlan reads a configuration as the plugin itself does; its error lists all problems.
func NewPlan(config []byte) (*Plan, error) {
	c, err := plugin.Decode[Config](Schema(), config)
	if err != nil {
		return nil, err
	}
	tiers, err := newLadder(c, &calendars{})
	if err != nil {
		return nil, err
	}
	return &Plan{Config: c, tiers: tiers, subjects: newSubjects(c)}, nil
}

// Address names the database of Redis that keeps the counts, and no secret: host:port/database, a path and the
// database, or sentinel:// or cluster:// with the nodes.
func (p *Plan) Address() string { return p.Redis.target() + "/" + strconv.Itoa(p.Redis.Database) }

// TierOf is the tier of a consumer with these tags, whatever a token claims.
func (p *Plan) TierOf(tags []string) (name string, limits Limits) {
	found := p.tiers.own
	if found == nil {
		found, _ = p.tiers.pick(tags, nil)
	}
	return found.name, found.limits
}

// TierNamed returns the limits of a tier.
func (p *Plan) TierNamed(name string) (Limits, error) {
	rank, ok := p.tiers.rank[name]
	if !ok {
		return Limits{}, fmt.Errorf("there is no tier %q", name)
	}
	return p.tiers.rungs[rank].limits, nil
}

// Key names a count, as a Ledger takes it: of a consumer, a credential or an ip. service and route are the
// ids of where its requests go, empty where there is none.
func (p *Plan) Key(kind, id, service, route string) string {
	place := service
	if p.Scope == scopeRoute {
		place = route
	}
	if place == "" {
		place = noPlace
	}
	return p.subjects.keyAt(place, kind, id)
}

// Counts tells whether requests are ever counted by a kind: by consumer also where a credential has no id, by
// ip also where nobody else is known.
func (p *Plan) Counts(kind string) bool {
	switch kind {
	case p.LimitBy:
		return true
	case byConsumer:
		return p.LimitBy == byCredential
	case byIP:
		return p.OnNoConsumer == anonymousIP
	}
	return false
}
