package scale

import (
	"fmt"
	"testing"
	"time"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// memory measures what a plugin server holds: of connections, of consumers that Redis has told it of, of
// those that are known to be exhausted, and of those that it counts by itself while Redis is away.
func (m *meter) memory(t *testing.T) {
	result := table{name: "server memory", head: []string{"the plugin server", "live heap, MiB", "resident, MiB", "counts known", "denials known"}}
	note := func(sv *server, state string) {
		heap, resident := sv.memory(t)
		known := sv.metric(t, "tollgate_tiered_limit_local_counts", "tollgate_tiered_limit_denials")
		result.add(state, mebibytes(heap), mebibytes(resident), figure(known[0]), figure(known[1]))
	}
	all := crowd{of: m.full, key: "m"}
	counts := kind{tps: 100, quota: endless}

	redis := redistest.StartWith(t, redisproc.Options{})
	addrs := []string{redis.Addr}
	sv := m.startServer(t)
	note(sv, "started")
	workers := sv.open(t, 16, counts.config(t, addrs, "local"))
	one := load{workers: workers, crowd: crowd{of: 1, key: "m"}, inTurn: true}
	one.run(t)
	note(sv, "16 connections of Kong, one consumer")
	load{workers: workers, crowd: all, inTurn: true}.run(t)
	note(sv, fmt.Sprintf("%s consumers counted, none exhausted", figure(float64(m.full))))
	spent := kind{quota: 1}
	exhausted := load{workers: sv.open(t, 16, spent.config(t, addrs, "local")), crowd: all, inTurn: true}
	exhausted.run(t)
	exhausted.run(t) // again for those that the first look at Redis has had it forget
	note(sv, "and all of them exhausted")

	away := m.startServer(t)
	workers = away.open(t, 16, counts.config(t, addrs, "local"))
	load{workers: workers, crowd: crowd{of: 1, key: "m"}, inTurn: true}.run(t)
	redis.Close()
	load{workers: workers, crowd: all, inTurn: true}.run(t)
	note(away, fmt.Sprintf("another, Redis away, %s consumers counted by itself", figure(float64(m.full))))
	saw := load{workers: workers, crowd: all, lasts: 4 * m.round}.run(t)
	note(away, fmt.Sprintf("after %s more requests in %s", figure(saw.requests()), (4*m.round).Round(time.Second)))

	many := m.startServer(t)
	_ = many.open(t, m.connections[len(m.connections)-1], counts.config(t, addrs, "local"))
	note(many, fmt.Sprintf("another, %d connections of Kong", m.connections[len(m.connections)-1]))
	m.print(result)
}
