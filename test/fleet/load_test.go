package fleet

import (
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/node"
	"tollgate/test/span"
)

// longEnv is how long each case is loaded, as in 60s; without it, only as long as it takes to see something.
const longEnv = "TOLLGATE_FLEET"

// longest is the time in longEnv.
func longest() time.Duration {
	d, err := time.ParseDuration(os.Getenv(longEnv))
	if err != nil {
		return 0
	}
	return d
}

// consumers names some of one test; many in the long form.
func consumers(name string, short int) []string {
	n := short
	if longest() > 0 {
		n *= 3
	}
	names := make([]string, n)
	for i := range names {
		names[i] = name + "-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	return names
}

// tally is what the clients of one consumer saw.
type tally struct {
	admitted, denied atomic.Int64

	mu    sync.Mutex
	spans []span.Span // of those that were admitted
}

func (t *tally) passed(s span.Span) {
	t.admitted.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spans = append(t.spans, s)
}

// load is the requests of some consumers, in turn, from workers on several nodes at once. It is over once
// each consumer has seen enough, and not before the long form says.
type load struct {
	t         *testing.T
	consumers []string
	tallies   map[string]*tally
	enough    func(*tally) bool
	soonest   time.Time
	stopped   atomic.Bool
	mayEnd    atomic.Bool // the node: what its workers meet then is no failure
	workers   sync.WaitGroup
}

func newLoad(t *testing.T, consumers []string, enough func(*tally) bool) *load {
	l := &load{t: t, consumers: consumers, enough: enough, tallies: map[string]*tally{}, soonest: time.Now().Add(longest())}
	for _, c := range consumers {
		l.tallies[c] = &tally{}
	}
	t.Cleanup(l.stop)
	return l
}

// endless is enough for no load: it is stopped.
func endless(*tally) bool { return false }

const workersPerNode = 3

// on sends from workers on the nodes; where there are several configurations, workers and nodes alternate.
func (l *load) on(nodes []*node.Node, configs ...string) *load {
	for i, n := range nodes {
		for j := range workersPerNode {
			config := configs[(i+j)%len(configs)]
			l.workers.Go(func() { l.send(n.NewWorker(), config, i*workersPerNode+j) })
		}
	}
	return l
}

func (l *load) send(w *node.Worker, config string, turn int) {
	defer w.Close()
	for ; !l.over(); turn++ {
		consumer := l.consumers[turn%len(l.consumers)]
		sent := time.Now()
		verdict, err := w.Request(config, consumer)
		switch {
		case err != nil && l.mayEnd.Load():
			return
		case err != nil:
			l.t.Error(err)
			return
		case verdict.Status == http.StatusOK:
			l.tallies[consumer].passed(span.Span{Sent: sent, Answered: time.Now()})
		case verdict.Status == http.StatusTooManyRequests:
			l.tallies[consumer].denied.Add(1)
		default:
			l.t.Errorf("a request got %d", verdict.Status)
			return
		}
	}
}

func (l *load) over() bool {
	if !l.stopped.Load() && time.Now().After(l.soonest) && l.all(l.enough) {
		l.stopped.Store(true)
	}
	return l.stopped.Load()
}

// all tells whether each consumer's tally satisfies.
func (l *load) all(satisfies func(*tally) bool) bool {
	for _, seen := range l.tallies {
		if !satisfies(seen) {
			return false
		}
	}
	return true
}

// wait waits until each consumer's tally satisfies, while the load goes on.
func (l *load) wait(t *testing.T, satisfies func(*tally) bool) {
	t.Helper()
	eventually.Holds(t, node.Patience, "what each consumer is to see", func() bool { return l.all(satisfies) || l.t.Failed() })
}

// finish waits until the load is over.
func (l *load) finish(t *testing.T) {
	t.Helper()
	eventually.Holds(t, longest()+node.Patience, "the end of the load", func() bool { return l.stopped.Load() || l.t.Failed() })
	l.stop()
}

func (l *load) stop() {
	l.stopped.Store(true)
	l.workers.Wait()
}

// admitted is how many requests of a consumer its clients saw pass, in some loads.
func admitted(consumer string, loads ...*load) (n int64) {
	for _, l := range loads {
		n += l.tallies[consumer].admitted.Load()
	}
	return n
}

// requests is how many were answered.
func (l *load) requests() (n int64) {
	for _, seen := range l.tallies {
		n += seen.admitted.Load() + seen.denied.Load()
	}
	return n
}
