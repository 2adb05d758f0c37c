package chaos

import (
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/node"
)

// silence is the time in which a node knows that Redis does not answer: its requests make no calls then.
type silence struct {
	node        *node.Node
	number      int
	from, to    time.Time
	calls, more float64 // until it began, and after that
}

// calls counts those of requests that have ended.
const calls = "tollgate_tiered_limit_store_seconds_count"

// silence waits until the nodes that must go on without Redis do.
func (r *run) silence(t *testing.T) {
	t.Helper()
	for i := len(r.nodes) - r.without; i < len(r.nodes); i++ {
		n := r.nodes[i]
		eventually.Holds(t, node.Patience, "the node to find that Redis does not answer", func() bool {
			return n.Seen(t).State == "silent"
		})
		r.silent = append(r.silent, silence{node: n, number: i, from: time.Now(), calls: n.Metric(t, calls)})
	}
}

func (s *silence) end(t *testing.T) {
	t.Helper()
	s.more, s.to = s.node.Metric(t, calls)-s.calls, time.Now()
}

// judgeSilence lets those requests call that were under way when the node found that Redis does not answer.
func (r *run) judgeSilence(t *testing.T) {
	t.Helper()
	for _, s := range r.silent {
		most := r.samples.where(sample.limited, between(s.from, s.from), func(one sample) bool { return one.node == s.number })
		if s.more > float64(len(most)) {
			t.Errorf("node %d made %.0f calls in %s in which Redis did not answer, want at most %d",
				s.number, s.more, s.to.Sub(s.from), len(most))
		}
	}
}
