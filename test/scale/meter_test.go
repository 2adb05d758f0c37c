package scale

import (
	"slices"
	"testing"
	"time"
)

// meter is how much is measured.
type meter struct {
	binary func() (string, error)
	nodes  []int // of each store
	kinds  []kind
	rounds int
	round  time.Duration
	// pace is requests a second where the load is not what the machine can do: little enough for a machine
	// that others use too.
	pace float64
	// few and many are consumers, beside one.
	few, many int
	// connections are Kong's.
	connections []int
	// full is more than a plugin server remembers of consumers.
	full int
	// dayLasts is how long a day still lasts that is waited for.
	dayLasts time.Duration
	// print takes a finished table.
	print func(table)
}

// cost is what one request costs, where nothing else is said.
type cost struct {
	perSecond             float64
	redis, server         float64 // CPU µs
	received, sent, reads float64 // of Redis: bytes, and times it reads a socket
	scripts, commands     float64 // commands: of one script call, itself left out
	p50, p99              float64 // µs
	denied                float64 // share
	connections           []told  // of each node
}

// measure measures a load several times, after one turn that is not measured.
func (m *meter) measure(t *testing.T, st *store, sv *server, l load) cost {
	t.Helper()
	l.lasts = m.round
	l.run(t)
	costs := make([]cost, m.rounds)
	for i := range costs {
		costs[i] = measureOnce(t, st, sv, l)
	}
	pick := func(of func(cost) float64) float64 { return median(costs, of) }
	return cost{
		perSecond: pick(func(c cost) float64 { return c.perSecond }), redis: pick(func(c cost) float64 { return c.redis }),
		server: pick(func(c cost) float64 { return c.server }), received: pick(func(c cost) float64 { return c.received }),
		sent: pick(func(c cost) float64 { return c.sent }), reads: pick(func(c cost) float64 { return c.reads }),
		scripts: pick(func(c cost) float64 { return c.scripts }), commands: pick(func(c cost) float64 { return c.commands }),
		p50: pick(func(c cost) float64 { return c.p50 }), p99: pick(func(c cost) float64 { return c.p99 }),
		denied: pick(func(c cost) float64 { return c.denied }), connections: costs[len(costs)-1].connections,
	}
}

func measureOnce(t *testing.T, st *store, sv *server, l load) cost {
	t.Helper()
	before, _ := st.ask(t)
	used := sv.cpu(t)
	saw := l.run(t)
	used = sv.cpu(t) - used
	after, each := st.ask(t)
	n, d := saw.requests(), after.plus(before, -1)
	const micro = 1e6
	return cost{
		perSecond: n / saw.took.Seconds(), redis: d.cpu / n * micro, server: used / n * micro,
		received: d.received / n, sent: (d.sent - before.answer) / n, reads: d.reads / n,
		scripts: d.scripts / n, commands: (d.commands - d.scripts) / max(1, d.scripts),
		p50: float64(saw.quantile(0.5).Microseconds()), p99: float64(saw.quantile(0.99).Microseconds()),
		denied: saw.denied / n, connections: each,
	}
}

func median[T any](of []T, what func(T) float64) float64 {
	values := make([]float64, len(of))
	for i, one := range of {
		values[i] = what(one)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
