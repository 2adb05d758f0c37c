package scale

import (
	"testing"
	"time"
)

// requests measures what a request costs by the consumers that there are, and what Redis holds of them.
func (m *meter) requests(t *testing.T) {
	costs := table{name: "requests", head: []string{
		"Redis", "consumers", "tier", "CPU µs: Redis", "plugin server", "bytes to Redis", "from it", "script calls", "commands in one",
	}}
	held := table{name: "redis memory", head: []string{"Redis", "consumers", "tier", "MiB", "bytes for each"}}
	for _, nodes := range m.nodes {
		withStore(t, nodes, func(t *testing.T, st *store) {
			sv := m.startServer(t)
			for _, consumers := range []int{1, m.few, m.many} {
				for i, k := range m.kinds {
					c := crowd{of: consumers, key: string(rune('a' + i))}
					bytes := m.fill(t, st, c, k)
					if consumers > 1 {
						held.add(st.name, figure(float64(consumers)), k.name, mebibytes(bytes), figure(bytes/float64(consumers)))
					}
					costs.add(m.request(t, st, sv, c, k)...)
				}
				last := crowd{of: consumers, key: string(rune('a' + len(m.kinds) - 1))} // whose quota was not one
				costs.add(m.request(t, st, sv, last, kind{name: "a used-up day", quota: 1})...)
			}
		})
	}
	m.print(costs)
	m.print(held)
}

// fill has Redis know a crowd, and returns how many bytes it takes.
func (m *meter) fill(t *testing.T, st *store, c crowd, k kind) float64 {
	t.Helper()
	st.forget(t)
	empty, _ := st.ask(t)
	c.load(t, st, k, dayStarts(time.Now()))
	full, _ := st.ask(t)
	return full.memory - empty.memory
}

// request is the row of one load.
func (m *meter) request(t *testing.T, st *store, sv *server, c crowd, k kind) []string {
	t.Helper()
	workers := sv.open(t, 16, k.config(t, st.addrs, "deny"))
	defer closeAll(workers)
	got := m.measure(t, st, sv, load{workers: workers, crowd: c, perSecond: m.pace})
	m.check(t, k, c, st, got)
	commands := "" // what gateways tell Redis once a second is most of it where there are hardly any calls
	if got.scripts > 0.1 {
		commands = figure(got.commands)
	}
	return []string{
		st.name, figure(float64(c.of)), k.name,
		figure(got.redis), figure(got.server), figure(got.received), figure(got.sent), figure(got.scripts), commands,
	}
}

// check tells whether what was measured is what is said to be: that the load met the consumers that Redis
// knew, and that the tier did what its kind does.
func (m *meter) check(t *testing.T, k kind, c crowd, st *store, got cost) {
	t.Helper()
	const own = 2 // keys of the gateways' own
	now, _ := st.ask(t)
	if most := float64(2*c.of + own); now.keys > most {
		t.Errorf("%s: redis holds %.0f keys of %d consumers: the load's are not those of the plugin", k.name, now.keys, c.of)
	}
	usedUp := k.quota == 1
	switch {
	case usedUp && got.denied != 1, !usedUp && got.denied != 0:
		t.Errorf("%s: %.0f %% of the requests were denied", k.name, 100*got.denied)
	case got.server <= 0 && m.rounds > 1, !usedUp && got.redis <= 0:
		t.Errorf("%s: a request costs no time: %+v", k.name, got)
	case !usedUp && (got.scripts <= 0 || got.scripts > 1.1 || got.received < 200*got.scripts || got.sent < 20*got.scripts || got.commands < 2):
		t.Errorf("%s: a request costs %+v, which cannot be", k.name, got)
	}
}
