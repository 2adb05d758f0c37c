package tieredlimit

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

const (
	localShards = 64
	// sharesPerShard bounds the memory: 65,536 counts. Beyond that a new one takes the place of another.
	sharesPerShard = 1024
	// sweepEvery is how often what no longer counts is forgotten.
	sweepEvery = 5 * time.Second
)

// local is what a node knows of the counts of one Redis, and what it admits without it: of each rate, and of
// what was left of each day, the part of one of the nodes that Redis has last seen.
type local struct {
	peers   *peers
	now     func() time.Time
	metrics *metrics
	seed    maphash.Seed
	shards  [localShards]localShard
	size    atomic.Int64 // counts
	number  atomic.Int64 // of the last batch
	settles atomic.Int64 // batches that were debited
	turn    atomic.Int64 // of the shards that are searched for batches
}

type localShard struct {
	mu    sync.Mutex
	byKey map[string]*share
	owes  bool // Redis may have to be told of requests
}

func newLocal(p *peers, now func() time.Time, m *metrics) *local {
	l := &local{peers: p, now: now, metrics: m, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].byKey = map[string]*share{}
	}
	return l
}

// clock is Redis' time, as far as the node knows how far its own is off.
func (l *local) clock() time.Time { return l.now().Add(l.peers.offset()) }

// take debits one request of key from the node's part of the limits. A node that has not seen the others
// takes there to be as many as unseen.
func (l *local) take(key string, limits Limits, unseen int64) (r ration) {
	now, nodes := l.clock(), l.peers.live(unseen)
	l.debit(key, limits, now, func(s *share) (admitted int64) {
		r = s.take(limits, now, nodes, 1)
		return r.Admitted
	})
	return r
}

// note debits one request of key that was admitted beyond all limits.
func (l *local) note(key string, limits Limits) {
	now := l.clock()
	l.debit(key, limits, now, func(s *share) (admitted int64) {
		s.note(limits, now)
		return 1
	})
}

// debit has a share debited, and takes note of what that leaves to be told to Redis.
func (l *local) debit(key string, limits Limits, now time.Time, do func(*share) (admitted int64)) {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	found := l.share(s, key, now)
	var owed int64
	if found.days != limits.Days {
		owed = found.due(now)
	}
	late, before := found.late(now), found.used
	if do(found) == 0 || limits.Quota == 0 {
		return
	}
	s.owes = true
	if found.used <= before { // another day has begun: of this zone, or of another one, and then the debts are lost
		l.metrics.owed(debtsZone, owed)
		l.metrics.owed(debtsEnded, late)
		if found.batch != nil {
			found.batch.apart = true
		}
	}
}

// learn takes note of what Redis said of a day when it was asked after so many batches were debited. An answer from
// before the last one of the count may not know of it.
func (l *local) learn(key string, limits Limits, o Outcome, settles int64) {
	now := l.clock()
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	found := l.share(s, key, now)
	found.touched = now.UnixMicro()
	if found.settled <= settles {
		found.learn(limits.Quota-o.DayLeft, o.Granted, now.Add(o.DayEnds))
	}
}

func (l *local) shard(key string) *localShard {
	return &l.shards[maphash.String(l.seed, key)%localShards]
}

// share returns the share of a key, which is new where there is none.
func (l *local) share(s *localShard, key string, now time.Time) *share {
	found := s.byKey[key]
	if found == nil {
		if len(s.byKey) >= sharesPerShard {
			l.evict(s, now)
		}
		found = &share{touched: now.UnixMicro()}
		s.byKey[key] = found
		l.size.Add(1)
	}
	return found
}

// evict makes room for one: of a few that the map yields, in no order, it takes one that owes nothing, and of
// those the one that was not used for the longest. What it owed is lost.
func (l *local) evict(s *localShard, now time.Time) {
	var goes string
	var oldest *share
	var lost int64
	seen := 0
	for key, found := range s.byKey {
		if found.batch != nil { // it is on its way
			continue
		}
		owed := found.owed(now)
		if oldest == nil || owed == 0 && lost > 0 || (owed == 0) == (lost == 0) && found.touched < oldest.touched {
			goes, oldest, lost = key, found, owed
		}
		if seen++; seen == evictAmong {
			break
		}
	}
	if oldest != nil {
		l.metrics.owed(debtsFull, lost)
		l.forget(s, goes, now)
	}
}

func (l *local) forget(s *localShard, key string, now time.Time) {
	l.metrics.owed(debtsEnded, s.byKey[key].late(now))
	delete(s.byKey, key)
	l.size.Add(-1)
}

// run forgets, now and then, what no longer counts, until the context ends.
func (l *local) run(ctx context.Context) {
	every(ctx, sweepEvery, func(context.Context) { l.sweep() })
}

// sweep forgets what no longer counts.
func (l *local) sweep() {
	now := l.clock()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for key, found := range s.byKey {
			l.giveUp(found, now)
			if found.idle(now) {
				l.forget(s, key, now)
			}
		}
		s.mu.Unlock()
	}
}
