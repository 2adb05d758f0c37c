package jwksverify

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cacheKey is a digest of a token and of all that decided about it. Its bytes are as good as random.
type cacheKey [sha256.Size]byte

const (
	cacheShards = 64
	// evictAmong is how many entries a new one looks at to find one to replace.
	evictAmong = 8
	// entryOverhead is what an entry costs in bytes beside its value: its place in the map, itself.
	entryOverhead = 160
)

// cache holds values for a time, bounded in number and in bytes. Where there is no room, of a few entries
// drawn at random the one goes that is over, else the one that was not asked for the longest.
type cache[T any] struct {
	shards     [cacheShards]cacheShard[T]
	maxEntries int // of one shard
	maxBytes   int // of one shard
}

type cacheShard[T any] struct {
	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry[T]
	bytes   int
}

type cacheEntry[T any] struct {
	value T
	until time.Time
	used  time.Time
	bytes int
}

// newCache returns a cache whose bounds are rounded to a multiple of its shards.
func newCache[T any](maxEntries, maxBytes int) *cache[T] {
	c := &cache[T]{maxEntries: max(1, maxEntries/cacheShards), maxBytes: maxBytes / cacheShards}
	for i := range c.shards {
		c.shards[i].entries = map[cacheKey]*cacheEntry[T]{}
	}
	return c
}

func (c *cache[T]) shard(key cacheKey) *cacheShard[T] { return &c.shards[key[0]%cacheShards] }

// get returns the value of a key at now; one that is over is gone.
func (c *cache[T]) get(key cacheKey, now time.Time) (T, bool) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[key]
	if ok && now.Before(e.until) {
		e.used = now
		return e.value, true
	}
	if ok {
		s.remove(key, e)
	}
	var none T
	return none, false
}

// put keeps a value of about that many bytes up to until, and returns how many others it pushed out
// before their time. A value that is over, or larger than a shard, is not kept.
func (c *cache[T]) put(key cacheKey, value T, bytes int, now, until time.Time) (evicted int) {
	bytes += entryOverhead
	if !now.Before(until) || bytes > c.maxBytes {
		return 0
	}
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.entries[key]; ok {
		s.remove(key, old)
	}
	for len(s.entries) >= c.maxEntries || s.bytes+bytes > c.maxBytes {
		if s.evict(now) {
			evicted++
		}
	}
	s.entries[key] = &cacheEntry[T]{value: value, until: until, used: now, bytes: bytes}
	s.bytes += bytes
	return evicted
}

// evict removes one entry and tells whether it was not over yet.
func (s *cacheShard[T]) evict(now time.Time) bool {
	var victim cacheKey
	var oldest *cacheEntry[T]
	seen := 0
	for key, e := range s.entries { // from a random place on
		if !now.Before(e.until) {
			s.remove(key, e)
			return false
		}
		if oldest == nil || e.used.Before(oldest.used) {
			victim, oldest = key, e
		}
		if seen++; seen == evictAmong {
			break
		}
	}
	s.remove(victim, oldest)
	return true
}

func (s *cacheShard[T]) remove(key cacheKey, e *cacheEntry[T]) {
	delete(s.entries, key)
	s.bytes -= e.bytes
}

// size is the number of entries, those that are over included, and their bytes.
func (c *cache[T]) size() (entries, bytes int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		entries += len(s.entries)
		bytes += s.bytes
		s.mu.Unlock()
	}
	return entries, bytes
}
