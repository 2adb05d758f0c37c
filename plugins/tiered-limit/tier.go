package tieredlimit

import (
	"strings"
	"sync"
)

// tier is one tier as requests use it.
type tier struct {
	name   string
	limits Limits
}

// ladder ranks the tiers of one configuration, the lowest first.
type ladder struct {
	tiers    []tier
	rank     map[string]int
	fallback int
	prefix   string
}

func newLadder(c Config) ladder {
	l := ladder{rank: make(map[string]int, len(c.Tiers)), prefix: c.TierTagPrefix}
	for i, t := range c.Tiers {
		l.tiers = append(l.tiers, tier{name: t.Name, limits: t.limits()})
		l.rank[t.Name] = i
	}
	l.fallback = l.rank[c.DefaultTier]
	return l
}

// pick returns the highest tier that the tags name, else the default tier, and the names in tier tags
// that are no tier's.
func (l *ladder) pick(tags []string) (highest tier, unknown []string) {
	found := -1
	for _, tag := range tags {
		name, ok := strings.CutPrefix(tag, l.prefix)
		if !ok {
			continue
		}
		rank, ok := l.rank[name]
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		found = max(found, rank)
	}
	if found < 0 {
		found = l.fallback
	}
	return l.tiers[found], unknown
}

// maxReported bounds how many unknown names are remembered: names beyond it are not reported, so that
// tags that are generated fill neither the log nor the memory.
const maxReported = 1000

// reported remembers which names were reported. Its zero value is ready to use.
type reported struct {
	mu    sync.Mutex
	names map[string]bool
}

// first tells whether name is to be reported now.
func (r *reported) first(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names[name] || len(r.names) >= maxReported {
		return false
	}
	if r.names == nil {
		r.names = map[string]bool{}
	}
	r.names[name] = true
	return true
}
