package chaos

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"tollgate/test/node"
	"tollgate/test/span"
)

// client is who sends requests of one tier.
type client struct {
	tier     tier
	consumer string
}

// sample is one request.
type sample struct {
	span.Span
	node   int
	tier   string
	status int
	store  string // what has decided
	err    error
}

func (s sample) took() time.Duration { return s.Answered.Sub(s.Sent) }
func (s sample) passed() bool        { return s.err == nil && s.status == http.StatusOK }
func (s sample) limited() bool       { return s.tier != free }

// load is the requests of the clients in turn, at a steady rate on each node. One that waits holds up no other,
// as on a gateway.
type load struct {
	clients []client
	configs [][]string // by node and client
	stop    chan struct{}
	stopped sync.Once
	running sync.WaitGroup

	mu      sync.Mutex
	samples []sample
}

// connections bound the requests that are under way at one node.
const connections = 64

// drive sends to a node until the load is over.
func (l *load) drive(number int, n *node.Node, rate int) {
	idle := make(chan *node.Worker, connections)
	for range connections {
		idle <- n.NewWorker()
	}
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	var flying sync.WaitGroup
	for turn := number; ; turn++ {
		select {
		case <-l.stop:
			flying.Wait()
			for range connections {
				(<-idle).Close()
			}
			return
		case <-ticker.C:
		}
		w := <-idle
		flying.Go(func() {
			l.send(w, number, turn%len(l.clients))
			idle <- w
		})
	}
}

func (l *load) send(w *node.Worker, number, who int) {
	s := sample{node: number, tier: l.clients[who].tier.name}
	s.Sent = time.Now()
	verdict, err := w.Request(l.configs[number][who], l.clients[who].consumer)
	s.Answered, s.status, s.store, s.err = time.Now(), verdict.Status, verdict.Store, err
	l.mu.Lock()
	defer l.mu.Unlock()
	l.samples = append(l.samples, s)
}

// end ends the load, and returns what became of it.
func (l *load) end() samples {
	l.stopped.Do(func() { close(l.stop) })
	l.running.Wait()
	return l.samples
}

// byRedis tells whether each of the nodes has had an answer of Redis to a request that was sent since a time.
func (l *load) byRedis(nodes int, since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := map[int]bool{}
	for _, s := range slices.Backward(l.samples) {
		const longest = 10 * time.Second // samples stand in the order of their answers
		if s.Answered.Before(since) || len(seen) == nodes || time.Since(s.Answered) > longest {
			break
		}
		if s.store == "redis" && s.Sent.After(since) {
			seen[s.node] = true
		}
	}
	return len(seen) == nodes
}

// samples are those of a case.
type samples []sample

// where returns those of which all is true.
func (s samples) where(all ...func(sample) bool) (found samples) {
	for _, one := range s {
		if !slices.ContainsFunc(all, func(holds func(sample) bool) bool { return !holds(one) }) {
			found = append(found, one)
		}
	}
	return found
}

func of(tier string) func(sample) bool { return func(s sample) bool { return s.tier == tier } }
func by(store string) func(sample) bool {
	return func(s sample) bool { return s.store == store }
}

// between are those that were under way at some time between two.
func between(from, to time.Time) func(sample) bool {
	return func(s sample) bool { return s.Answered.After(from) && s.Sent.Before(to) }
}

// most is how many passed at most in any rolling second.
func (s samples) most() int64 {
	spans := make([]span.Span, 0, len(s))
	for _, one := range s.where(sample.passed) {
		spans = append(spans, one.Span)
	}
	return int64(span.Most(spans))
}

// quantile is the time that a part of the requests took at most; 0 of none.
func (s samples) quantile(part float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	all := make([]time.Duration, 0, len(s))
	for _, one := range s {
		all = append(all, one.took())
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(part*float64(len(all))))]
}
