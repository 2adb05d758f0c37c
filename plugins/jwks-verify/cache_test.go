package jwksverify

import (
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// keyOf is the n-th key, in a shard that n decides.
func keyOf(n int) cacheKey {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func TestACacheReturnsNothingThatIsOver(t *testing.T) {
	c := newCache[string](1000, 1<<20)
	c.put(keyOf(1), "one", 10, moment(0), moment(10))
	for name, row := range map[string]struct {
		now  time.Time
		want bool
	}{"at once": {moment(0), true}, "just before the end": {moment(9.999), true}} {
		if got, ok := c.get(keyOf(1), row.now); ok != row.want || got != "one" {
			t.Errorf("%s: %q, %t", name, got, ok)
		}
	}
	if got, ok := c.get(keyOf(1), moment(10)); ok || got != "" {
		t.Errorf("at the end: %q", got)
	}
	if entries, bytes := c.size(); entries != 0 || bytes != 0 {
		t.Errorf("%d entries of %d bytes are left", entries, bytes)
	}
	c.put(keyOf(2), "over", 10, moment(10), moment(10))
	if _, ok := c.get(keyOf(2), moment(9)); ok {
		t.Error("what was over when it came is kept")
	}
}

func TestACacheIsBounded(t *testing.T) {
	for name, row := range map[string]struct {
		entries, bytes, size, most int
	}{
		"in entries":         {cacheShards * 10, 1 << 30, 1, cacheShards * 10},
		"in bytes":           {1 << 30, cacheShards * 10 * (100 + entryOverhead), 100, cacheShards * 10},
		"whatever the bound": {1, 1 << 30, 1, cacheShards},
	} {
		c := newCache[int](row.entries, row.bytes)
		evicted := 0
		for i := range 10 * row.most {
			evicted += c.put(keyOf(i), i, row.size, moment(0), moment(1000))
		}
		entries, bytes := c.size()
		if entries != row.most || bytes != entries*(row.size+entryOverhead) || evicted != 9*row.most {
			t.Errorf("%s: %d entries of %d bytes, %d evicted", name, entries, bytes, evicted)
		}
	}
	c := newCache[int](1000, cacheShards*1000)
	if c.put(keyOf(1), 1, 1000, moment(0), moment(10)); c.shard(keyOf(1)).bytes != 0 {
		t.Error("a value larger than a shard is kept")
	}
}

func TestWhatIsAskedForStays(t *testing.T) {
	c := newCache[int](cacheShards*100, 1<<30)
	for i := range 500 {
		c.put(keyOf(i), i, 1, moment(0), moment(100_000))
	}
	lost := 0
	for i := range 100_000 { // of tokens that come once, in a hundred seconds
		now := moment(float64(i) / 1000)
		if i%1000 == 0 {
			for hot := range 500 {
				if _, ok := c.get(keyOf(hot), now); !ok {
					lost++
					c.put(keyOf(hot), hot, 1, now, moment(100_000))
				}
			}
		}
		c.put(keyOf(1_000_000+i), i, 1, now, moment(100_000))
	}
	if lost > 500 { // of 50,000 times, some 7,500 if the victims were any; they are the oldest of a few, not of all
		t.Errorf("what is asked for every second was gone %d times", lost)
	}
}

func TestWhatIsOverGoesFirst(t *testing.T) {
	c := newCache[int](cacheShards*evictAmong, 1<<30)
	for i := range 100_000 { // enough to fill each shard
		c.put(keyOf(i), i, 1, moment(0), moment(10))
	}
	for i := range 10 {
		if evicted := c.put(keyOf(200_000+i), i, 1, moment(20), moment(30)); evicted != 0 {
			t.Error("the room that those leave that are over counts as an eviction")
		}
	}
}

// TestACacheAgainstAMap puts and gets at random: what the cache returns is what was put last, and not over.
func TestACacheAgainstAMap(t *testing.T) {
	type record struct {
		value int
		until time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		c, oracle, now := newCache[int](cacheShards*2, 1<<20), map[int]record{}, moment(0)
		for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
			key := rapid.IntRange(0, 300).Draw(t, "key")
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "passes")) * time.Second)
			if rapid.Bool().Draw(t, "put") {
				until := now.Add(time.Duration(rapid.IntRange(-1, 20).Draw(t, "lifetime")) * time.Second)
				oracle[key] = record{step, until}
				if !now.Before(until) {
					delete(oracle, key)
					continue // a value that is over replaces nothing, and such a key is not asked for
				}
				c.put(keyOf(key), step, 50, now, until)
				continue
			}
			got, ok := c.get(keyOf(key), now)
			want, known := oracle[key]
			if ok && known && (got != want.value || !now.Before(want.until)) {
				t.Fatalf("key %d at step %d: %d, want %+v", key, step, got, want)
			}
		}
		entries, bytes := c.size()
		if entries > cacheShards*2 || bytes != entries*(50+entryOverhead) {
			t.Fatalf("%d entries of %d bytes", entries, bytes)
		}
	})
}

func TestACacheUnderManyHands(t *testing.T) {
	c := newCache[int](cacheShards*4, 1<<20)
	var hands sync.WaitGroup
	for hand := range 8 {
		hands.Go(func() {
			for i := range 5000 {
				n := (i*7 + hand) % 1000
				c.put(keyOf(n), n, 10, moment(0), moment(10))
				if got, ok := c.get(keyOf(n), moment(1)); ok && got != n {
					t.Errorf("%d under the key of %d", got, n)
				}
			}
		})
	}
	hands.Wait()
	if entries, bytes := c.size(); entries > cacheShards*4 || bytes != entries*(10+entryOverhead) {
		t.Errorf("%d entries of %d bytes", entries, bytes)
	}
}

// BenchmarkCache shows the cost of a hit, and the memory that 100,000 entries take beside their values.
func BenchmarkCache(b *testing.B) {
	const entries = 100_000
	before := heap()
	c := newCache[*int](maxVerified, maxVerifiedBytes)
	value := new(int)
	for i := range entries {
		c.put(keyOf(i), value, 1000, moment(0), moment(300))
	}
	grown := heap() - before
	kept, _ := c.size()
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		b.ReportMetric(float64(grown)/float64(kept), "bytes/entry")
		key := keyOf(entries - 1)
		for b.Loop() {
			if _, ok := c.get(key, moment(1)); !ok {
				b.Fatal("a miss")
			}
		}
	})
	b.Run("hits on all cores", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for i := 0; p.Next(); i++ {
				c.get(keyOf(i%entries), moment(1))
			}
		})
	})
	b.Run("put into a full one", func(b *testing.B) {
		full := newCache[*int](1<<14, maxVerifiedBytes)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			full.put(keyOf(i), value, 1000, moment(0), moment(300))
		}
	})
}

// heap is what lives. What other tests have left in pools, or with a finalizer, goes with the second collection.
func heap() uint64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
