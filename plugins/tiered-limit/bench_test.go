package tieredlimit

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/test/redistest"
)

// benchConsumers is over how many consumers a benchmark spreads its requests.
const benchConsumers = 1000

// consumerKey is the limit key of a consumer, as long as in production.
func consumerKey(i int) string {
	return fmt.Sprintf("default:consumer:5b1a8b6e-8a5e-4a3c-9d0f-%012x", i)
}

func consumerKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = consumerKey(i)
	}
	return keys
}

// countedStore counts the calls to a store: each is one trip to Redis.
type countedStore struct {
	Store
	trips atomic.Int64
}

func (c *countedStore) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	c.trips.Add(1)
	return c.Store.Take(ctx, key, l, n)
}

// node is what stands between a request and the store, as it is in production.
func node(s Store) *front {
	const patient = 5 * time.Second // a loaded machine is not what is measured
	m := newMetrics(nil)
	return newFront(newGuard(s, patient, m, slog.New(slog.DiscardHandler)), patient, time.Now, m)
}

func redisNode(b *testing.B) (*front, *countedStore) {
	s := &countedStore{Store: openRedis(b, redistest.Start(b), limitScript)}
	return node(s), s
}

// benchLimits are never exhausted.
func benchLimits(tb testing.TB) Limits {
	return Limits{TPS: 10_000, Quota: 1e9, Days: daysOf(tb, "UTC")}
}

func reportTrips(b *testing.B, s *countedStore) {
	b.ReportMetric(float64(s.trips.Load())/float64(b.N), "trips/op")
}

func count(b *testing.B, f *front, key string, l Limits, admitted int64) {
	out, _, err := f.Count(b.Context(), key, free(l))
	if err != nil || out.Admitted != admitted {
		b.Errorf("counting for %s: %+v, %v; want %d admitted", key, out, err, admitted)
	}
}

func BenchmarkAdmit(b *testing.B) {
	f, s := redisNode(b)
	all, limits := consumerKeys(benchConsumers), benchLimits(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		count(b, f, all[i%len(all)], limits, 1)
	}
	reportTrips(b, s)
}

func BenchmarkAdmitManyConsumersInParallel(b *testing.B) {
	f, s := redisNode(b)
	all, limits := consumerKeys(benchConsumers), benchLimits(b)
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			count(b, f, all[rand.IntN(len(all))], limits, 1)
		}
	})
	reportTrips(b, s)
}

// One consumer whose requests come faster than Redis answers.
func BenchmarkAdmitOneConsumerInParallel(b *testing.B) {
	f, s := redisNode(b)
	limits := Limits{TPS: 1e6, Burst: 1e6, Quota: 1e9, Days: daysOf(b, "UTC")}
	key := consumerKey(1)
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			count(b, f, key, limits, 1)
		}
	})
	reportTrips(b, s)
}

func BenchmarkDenyFromMemory(b *testing.B) {
	f, s := redisNode(b)
	key, limits := consumerKey(1), Limits{TPS: 100, Quota: 1, Days: daysOf(b, "UTC")}
	count(b, f, key, limits, 1)
	s.trips.Store(0)
	b.ReportAllocs()
	for b.Loop() {
		count(b, f, key, limits, 0)
	}
	reportTrips(b, s)
}

// What the node itself costs: each layer on a store that answers at once.
func BenchmarkNode(b *testing.B) {
	at := storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) {
		return Outcome{Admitted: 1, RateLeft: 9, DayLeft: 9, DayEnds: time.Hour}, nil
	})
	limits, key := benchLimits(b), consumerKey(1)
	b.Run("guard", func(b *testing.B) {
		g := node(at).store
		b.ReportAllocs()
		for b.Loop() {
			_, _ = g.Take(b.Context(), key, limits, 1)
		}
	})
	b.Run("front_and_guard", func(b *testing.B) {
		f := node(at)
		b.ReportAllocs()
		for b.Loop() {
			count(b, f, key, limits, 1)
		}
	})
	b.Run("redis_store_alone", func(b *testing.B) {
		s := openRedis(b, redistest.Start(b), limitScript)
		b.ReportAllocs()
		for b.Loop() {
			take(b, s, key, limits)
		}
	})
}

// What a node's memory of denials takes where it is full.
func BenchmarkMemoryOfDenials(b *testing.B) {
	const attempts = 4 * denialShards * denialsPerShard // the last shards fill late
	now, d := time.Now(), newDenials()
	before := heap()
	for i := range attempts {
		d.remember(lane{consumerKey(i), free(benchLimits(b))}, now, Outcome{RateLeft: 1, DayEnds: time.Hour}, 0)
	}
	used := heap() - before
	held := float64(d.size.Load())
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(held, "denials")
	b.ReportMetric(float64(used)/held, "bytes/denial")
	b.ReportMetric(float64(used)/(1<<20), "MiB")
	runtime.KeepAlive(d)
}

// heap is what is reachable.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
