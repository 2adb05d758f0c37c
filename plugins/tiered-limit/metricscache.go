package tieredlimit

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// decisionLabels are the labels of a decision's counter.
type decisionLabels struct {
	tier, outcome string
	store         Source
}

// decisionCounters finds a decision's counter without a lock that requests would share. There are as many as
// the tiers that configurations name have outcomes.
type decisionCounters struct {
	all   *prometheus.CounterVec
	known atomic.Pointer[map[decisionLabels]prometheus.Counter]
	mu    sync.Mutex // serialises changes
}

func newDecisionCounters(all *prometheus.CounterVec) *decisionCounters {
	c := &decisionCounters{all: all}
	c.known.Store(&map[decisionLabels]prometheus.Counter{})
	return c
}

func (c *decisionCounters) of(l decisionLabels) prometheus.Counter {
	if counter, ok := (*c.known.Load())[l]; ok {
		return counter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := maps.Clone(*c.known.Load())
	next[l] = c.all.WithLabelValues(l.tier, l.outcome, string(l.store))
	c.known.Store(&next)
	return next[l]
}
