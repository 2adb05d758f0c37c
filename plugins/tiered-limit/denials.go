package tieredlimit

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// lane is whose requests count, and under which limits: requests of one lane can share what the store
// says. A changed tier or configuration is another lane.
type lane struct {
	key  string
	tier tier
}

// denials remembers who is exhausted, so that a request whose answer is known costs no call. As long as a
// count is asked for under the same limits, no other node can make the store admit earlier, for it can only
// debit more. An operator's grant, or a store that lost its data, can: drop forgets all then. Where a count
// is asked for under several limits, as by tiers that tokens name, a request under one can bring another's
// forward (the day of another zone, a faster bucket); a node then refuses until the time that it was told.
type denials struct {
	seed   maphash.Seed
	shards [denialShards]denialShard
	size   atomic.Int64
	// epoch changes with each drop: what was asked before one must not be remembered after it.
	epoch atomic.Uint64
}

const (
	denialShards = 64
	// denialsPerShard bounds the memory: 65,536 lanes, 21 MiB (BENCH.md). Beyond that a new lane takes the
	// place of another, which then costs a call.
	denialsPerShard = 1024
	// evictAmong is how many lanes a new one looks at to find one to replace.
	evictAmong = 8
)

type denialShard struct {
	mu     sync.Mutex
	byLane map[lane]denial
}

// denial is what the store said when asked at a time.
type denial struct {
	asked   time.Time
	outcome Outcome
}

func newDenials() *denials {
	d := &denials{seed: maphash.MakeSeed()}
	for i := range d.shards {
		d.shards[i].byLane = map[lane]denial{}
	}
	return d
}

// at returns what the store would say of a request at now; false once it might admit one, and once the day
// has ended: what is left of the next one only the store knows.
func (d denial) at(l Limits, now time.Time) (Outcome, bool) {
	passed := now.Sub(d.asked)
	out := d.outcome
	out.Admitted = 0
	if l.Quota > 0 {
		out.DayEnds -= passed
		if out.DayEnds <= 0 {
			return out, false
		}
	}
	rate := l.TPS > 0 && out.RateLeft == 0 && out.RateWait > passed
	out.RateWait = max(0, out.RateWait-passed)
	if l.TPS > 0 && !rate {
		out.RateLeft, out.RateWait = regained(l, d.outcome, passed), 0
	}
	return out, rate || l.Quota > 0 && out.DayLeft == 0
}

// regained is how much of the rate is known to be left some time after an outcome: nothing is debited
// while the day is exhausted.
func regained(l Limits, o Outcome, passed time.Duration) int64 {
	left := o.RateLeft
	if left == 0 {
		left, passed = 1, passed-o.RateWait
	}
	switch {
	case l.Burst > 0:
		seconds := min(passed/time.Second, time.Duration(l.Burst)) // as many fill the bucket at 1 tps
		return min(l.Burst, left+int64(seconds)*l.TPS+int64(passed%time.Second)*l.TPS/int64(time.Second))
	case passed >= time.Second:
		return l.TPS
	}
	return left
}

// lookup returns what the store would say of a request of the lane at now, where that is a denial.
func (d *denials) lookup(of lane, now time.Time) (Outcome, bool) {
	if d.size.Load() == 0 {
		return Outcome{}, false
	}
	s := d.shard(of)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byLane[of]
	if !ok {
		return Outcome{}, false
	}
	out, denied := found.at(of.tier.limits, now)
	if !denied {
		delete(s.byLane, of)
		d.size.Add(-1)
	}
	return out, denied
}

// remember keeps an outcome that leaves nothing. epoch is the one at the time at which the store was asked.
func (d *denials) remember(of lane, asked time.Time, o Outcome, epoch uint64) {
	found := denial{asked, o}
	if _, denied := found.at(of.tier.limits, asked); !denied {
		return
	}
	s := d.shard(of)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.epoch.Load() != epoch {
		return
	}
	if _, known := s.byLane[of]; !known {
		if len(s.byLane) >= denialsPerShard {
			d.evict(s, asked)
		}
		d.size.Add(1)
	}
	s.byLane[of] = found
}

// evict makes room for one: of a few that the map yields, in no order, it takes one that is over, else the
// one that is over first.
func (d *denials) evict(s *denialShard, now time.Time) {
	var soonest lane
	var left time.Duration
	seen := 0
	for of, found := range s.byLane {
		out, denied := found.at(of.tier.limits, now)
		remains := max(out.RateWait, out.DayEnds)
		if out.DayLeft > 0 || of.tier.limits.Quota == 0 {
			remains = out.RateWait
		}
		if !denied {
			remains = 0
		}
		if seen == 0 || remains < left {
			soonest, left = of, remains
		}
		if seen++; seen == evictAmong || left == 0 {
			break
		}
	}
	delete(s.byLane, soonest)
	d.size.Add(-1)
}

// drop forgets everything.
func (d *denials) drop() {
	d.epoch.Add(1)
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		d.size.Add(-int64(len(s.byLane)))
		clear(s.byLane)
		s.mu.Unlock()
	}
}

// sweep forgets what is over.
func (d *denials) sweep(now time.Time) {
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		for of, found := range s.byLane {
			if _, denied := found.at(of.tier.limits, now); !denied {
				delete(s.byLane, of)
				d.size.Add(-1)
			}
		}
		s.mu.Unlock()
	}
}

func (d *denials) shard(of lane) *denialShard {
	return &d.shards[maphash.Comparable(d.seed, of)%denialShards]
}
