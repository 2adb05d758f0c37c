package scale

import (
	"slices"
	"testing"
	"time"
)

// dayEnd measures what it is for Redis when a day ends, and with it all counts of that day at once.
func (m *meter) dayEnd(t *testing.T) {
	result := table{name: "day end", head: []string{
		"Redis", "counts", "MiB before", "after", "s until nine in ten were gone", "until all were",
		"CPU of Redis, % of a core: before", "meanwhile", "wait of other requests, µs: p50, p99, longest before", "meanwhile",
	}}
	for _, nodes := range m.nodes {
		withStore(t, nodes, func(t *testing.T, st *store) {
			const slack = time.Minute // for which limit.lua keeps a day that has ended
			ends := time.Now().Add(m.dayLasts)
			crowd{of: m.many, key: "d"}.load(t, st, kinds()[2], startsFrom(ends.AddDate(0, 0, -1)))
			if time.Until(ends) < time.Second {
				t.Fatalf("loading the consumers took all of the day, %s", m.dayLasts)
			}
			full, _ := st.ask(t)
			sv := m.startServer(t)
			load := m.others(t, st, sv)
			before := during(t, st, load, func(told) bool { return time.Until(ends) < time.Second-slack })
			meanwhile := during(t, st, load, func(now told) bool { return now.keys <= most(load.crowd) })
			result.add(st.name, figure(full.keys), mebibytes(full.memory), mebibytes(meanwhile.last.memory),
				figure(meanwhile.until(full.keys/10+most(load.crowd))), figure(meanwhile.until(most(load.crowd))),
				figure(before.busy()), figure(meanwhile.busy()), before.wait(), meanwhile.wait())
		})
	}
	m.print(result)
}

// others are requests of consumers without a day.
func (m *meter) others(t *testing.T, st *store, sv *server) load {
	t.Helper()
	k := kind{tps: 1_000_000, burst: 1_000_000}
	return load{
		workers: sv.open(t, 16, k.config(t, st.addrs, "deny")), crowd: crowd{of: m.few, key: "o"},
		perSecond: m.pace / 4, lasts: 250 * time.Millisecond,
	}
}

// most is how many keys a crowd without a day, and the gateways, have at most.
func most(c crowd) float64 { return float64(c.of + 2) }

// span is some time in which a load ran.
type span struct {
	took time.Duration
	cpu  float64 // seconds of Redis
	seen seen
	last told
	keys []float64       // at some times
	at   []time.Duration // since the beginning
}

// during loads until something holds.
func during(t *testing.T, st *store, l load, over func(told) bool) span {
	t.Helper()
	first, _ := st.ask(t)
	s, start := span{}, time.Now()
	for !over(s.last) || s.keys == nil {
		if time.Since(start) > 3*patience {
			t.Fatalf("after %s redis still holds %.0f keys", time.Since(start), s.last.keys)
		}
		s.seen.waits = append(s.seen.waits, l.run(t).waits...)
		s.last, _ = st.ask(t)
		s.keys, s.at = append(s.keys, s.last.keys), append(s.at, time.Since(start))
	}
	slices.Sort(s.seen.waits)
	s.took, s.cpu = time.Since(start), s.last.cpu-first.cpu
	return s
}

// until is when so few keys were left, in seconds since the first was gone.
func (s span) until(few float64) float64 {
	began := slices.IndexFunc(s.keys, func(n float64) bool { return n < s.keys[0] })
	ended := slices.IndexFunc(s.keys, func(n float64) bool { return n <= few })
	if began < 0 || ended < 0 {
		return 0
	}
	return (s.at[ended] - s.at[began]).Seconds()
}

func (s span) busy() float64 { return 100 * s.cpu / s.took.Seconds() }

func (s span) wait() string {
	micros := func(share float64) string { return figure(float64(s.seen.quantile(share).Microseconds())) }
	return micros(0.5) + ", " + micros(0.99) + ", " + micros(1)
}
