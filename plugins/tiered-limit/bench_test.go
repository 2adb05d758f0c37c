package tieredlimit

import (
	"fmt"
	"testing"
	"time"

	"tollgate/test/redistest"
)

var benchLimits = map[string]Limits{
	"exact 100 and day":   {TPS: 100, Quota: 1e9},
	"exact 10000 and day": {TPS: 10_000, Quota: 1e9},
	"bucket and day":      {TPS: 100, Burst: 100, Quota: 1e9},
}

// One script call at a time, over a thousand consumers, against a real redis-server.
func BenchmarkScript(b *testing.B) {
	s := newRedisStore(redisAt(redistest.Start(b)), limitScript)
	b.Cleanup(func() { _ = s.Close() })
	for name, l := range benchLimits {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				take(b, s, fmt.Sprint(name, i%1000), l)
			}
		})
	}
}

// The same from sixteen goroutines per processor.
func BenchmarkScriptParallel(b *testing.B) {
	s := newRedisStore(redisAt(redistest.Start(b)), limitScript)
	b.Cleanup(func() { _ = s.Close() })
	for name, l := range benchLimits {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					take(b, s, fmt.Sprint(name, i%1000), l)
				}
			})
		})
	}
}

// What the decision costs beside the store.
func BenchmarkDecision(b *testing.B) {
	s := &memoryStore{now: noon, accounts: map[string]*account{}}
	l := limiter{store: s}
	t := tier{name: "free", limits: Limits{TPS: 100, Quota: 1e9}}
	b.ReportAllocs()
	for b.Loop() {
		s.now = s.now.Add(5 * time.Millisecond)
		if d := l.decide(b.Context(), "consumer:1", t); len(d.headers()) == 0 {
			b.Fatal("no headers")
		}
	}
}
