package scale

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// gateways measures as many requests as the machine does, by the connections of the gateway to the plugin server.
func (m *meter) gateways(t *testing.T) {
	result := table{name: "connections", head: []string{
		"Redis", "consumers", "connections of Kong", "requests/s", "CPU µs: Redis", "plugin server", "script calls", "reads of sockets by Redis",
		"wait µs: p50", "p99", "connections to Redis",
	}}
	for _, nodes := range m.nodes {
		withStore(t, nodes, func(t *testing.T, st *store) {
			for _, row := range []struct {
				consumers int
				k         kind
			}{{m.few, kinds()[0]}, {1, kinds()[1]}} {
				for _, n := range m.connections {
					t.Run(fmt.Sprintf("%d consumers, %d connections", row.consumers, n), func(t *testing.T) {
						st.forget(t)
						sv := m.startServer(t)
						c := crowd{of: row.consumers, key: "n"}
						c.load(t, st, row.k, dayStarts(time.Now()))
						got := m.measure(t, st, sv, load{workers: sv.open(t, n, row.k.config(t, st.addrs, "deny")), crowd: c})
						m.check(t, row.k, c, st, got)
						result.add(st.name, figure(float64(row.consumers)), fmt.Sprint(n), figure(got.perSecond), figure(got.redis), figure(got.server),
							figure(got.scripts), figure(got.reads), figure(got.p50), figure(got.p99), got.open())
					})
				}
			}
		})
	}
	m.print(result)
}

// open is how many connections each node has, beside that of the measuring.
func (c cost) open() string {
	counts := make([]string, len(c.connections))
	for i, one := range c.connections {
		counts[i] = figure(one.connections)
	}
	return strings.Join(counts, ", ")
}
