package tieredlimit

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/redisproc"
)

// crowd is some consumers that each make requests at once.
type crowd struct {
	name         string
	consumers    int
	limits       Limits
	requests     int64
	keys         int  // of each consumer, when it is measured
	outliveRings bool // measured once the rings are gone
}

// Rings live for four seconds after a consumer's last request, so that only some thousands can be loaded
// before the first are gone; a state with a day lives as long as the day.
func crowds(tb testing.TB) []crowd {
	million := 1_000_000
	if testing.Short() {
		million = 20_000
	}
	days := daysOf(tb, "UTC")
	day := func(tps, burst int64) Limits { return Limits{TPS: tps, Burst: burst, Quota: 1e6, Days: days} }
	return []crowd{
		{"active_rate_100_one_request", 20_000, Limits{TPS: 100}, 1, 2, false},
		{"active_rate_20_full", 20_000, Limits{TPS: 20}, 20, 2, false},
		{"active_rate_100_full", 20_000, Limits{TPS: 100}, 100, 2, false},
		{"active_rate_10000_full", 1000, Limits{TPS: 10_000}, 10_000, 2, false},
		{"active_bucket_100", 20_000, Limits{TPS: 100, Burst: 100}, 1, 1, false},
		{"active_rate_100_full_and_day", 20_000, day(100, 0), 100, 2, false},
		{"idle_day", million, day(0, 0), 1, 1, false},
		{"idle_rate_100_and_day", million, day(100, 0), 1, 1, true},
	}
}

// BenchmarkRedisMemory measures what Redis holds of consumers, its share of tables and expiries included.
func BenchmarkRedisMemory(b *testing.B) {
	for _, c := range crowds(b) {
		bytes := c.measure(b)
		b.Run(c.name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(c.consumers), "consumers")
			b.ReportMetric(bytes, "bytes/consumer")
		})
	}
}

func (c crowd) measure(b *testing.B) float64 {
	server, err := redisproc.Start(redisproc.Options{Folder: b.TempDir()})
	switch {
	case errors.Is(err, redisproc.ErrMissing):
		b.Skip(err)
	case err != nil:
		b.Fatal(err)
	}
	defer server.Close() // it may hold hundreds of megabytes
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	before := infoField(b, client, "memory", "used_memory")
	c.load(b, server.Addr, client.ScriptLoad(b.Context(), limitScript).Val())
	if c.outliveRings {
		c.collectRings(b, client)
	}
	after := infoField(b, client, "memory", "used_memory")
	if got, want := client.DBSize(b.Context()).Val(), int64(c.keys*c.consumers); got != want {
		b.Fatalf("redis holds %d keys, want %d for each of %d consumers", got, c.keys, c.consumers)
	}
	return (after - before) / float64(c.consumers)
}

// collectRings waits until the rings have expired, and asks for each, so that Redis lets it go: by itself it
// may leave one in ten for later.
func (c crowd) collectRings(b *testing.B, client *redis.Client) {
	const together = 1000
	last := keys(consumerKey(c.consumers - 1))[1]
	eventually.Holds(b, 10*time.Second, "the last ring to expire", func() bool {
		return client.Exists(b.Context(), last).Val() == 0
	})
	for first := 0; first < c.consumers; first += together {
		rings := make([]string, together)
		for i := range rings {
			rings[i] = keys(consumerKey(first + i))[1]
		}
		if n, err := client.Exists(b.Context(), rings...).Result(); n > 0 || err != nil {
			b.Fatalf("%d rings outlive the last: %v", n, err)
		}
	}
}

// load has each consumer make its requests.
func (c crowd) load(b *testing.B, addr, sha string) {
	l := dial(b, addr)
	args := scriptArgs(c.limits, c.requests)
	for first := 0; first < c.consumers; first += benchPipelined {
		var batch [][]byte
		for i := first; i < min(first+benchPipelined, c.consumers); i++ {
			key := keys(consumerKey(i))
			batch = append(batch, wire(sha, key, args))
		}
		admitted, err := l.send(batch)
		if err != nil || admitted != int64(len(batch))*c.requests {
			b.Fatalf("admitted %d of %d × %d: %v", admitted, len(batch), c.requests, err)
		}
	}
}
