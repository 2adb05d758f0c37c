package tieredlimit

import (
	"fmt"
	"strings"
)

// tier is one tier as requests use it. Two are equal where they limit alike under one name.
type tier struct {
	name   string
	limits Limits
}

// rung is a tier with what is told of it, made once for all its requests.
type rung struct {
	tier
	signs    signs
	warnings []warning
}

// ladder ranks the tiers of one configuration, the lowest first.
type ladder struct {
	rungs    []rung
	rank     map[string]int
	fallback int
	prefix   string
	own      *rung // of the instance, whoever makes the request; nil where it has none
}

// newLadder compiles the tiers of a valid configuration.
func newLadder(c Config, days *calendars) (ladder, error) {
	l := ladder{rank: make(map[string]int, len(c.Tiers)), prefix: c.TierTagPrefix}
	for i, t := range c.Tiers {
		limits, err := t.limits(days)
		if err != nil {
			return ladder{}, fmt.Errorf("compiling the tier %s: %w", t.Name, err)
		}
		l.rungs = append(l.rungs, rung{
			tier:     tier{name: t.Name, limits: limits},
			signs:    newSigns(limits),
			warnings: newWarnings(c.QuotaWarnPercent, limits.Quota),
		})
		l.rank[t.Name] = i
	}
	l.fallback = l.rank[c.DefaultTier]
	if c.Tier != "" {
		l.own = &l.rungs[l.rank[c.Tier]]
	}
	return l, nil
}

// stranger is a name that should be a tier's and is not, and what named it.
type stranger struct{ name, namedBy string }

// pick returns the highest tier that the tags or the claim name, else the default tier, and the names
// that are no tier's.
func (l *ladder) pick(tags, claimed []string) (highest *rung, strangers []stranger) {
	found := -1
	look := func(name, namedBy string) {
		rank, ok := l.rank[name]
		if !ok {
			strangers = append(strangers, stranger{name, namedBy})
			return
		}
		found = max(found, rank)
	}
	for _, tag := range tags {
		if name, ok := strings.CutPrefix(tag, l.prefix); ok {
			look(name, "a consumer's tag")
		}
	}
	for _, name := range claimed {
		look(name, "the claim")
	}
	if found < 0 {
		found = l.fallback
	}
	return &l.rungs[found], strangers
}

// claimedNames are the tiers that a claim names: its value is a name or a list of names. Whatever else
// it is names none.
func claimedNames(claims any, claim string) []string {
	members, _ := claims.(map[string]any)
	switch value := members[claim].(type) {
	case string:
		return []string{value}
	case []any:
		names := make([]string, 0, len(value))
		for _, element := range value {
			if name, ok := element.(string); ok {
				names = append(names, name)
			}
		}
		return names
	}
	return nil
}
