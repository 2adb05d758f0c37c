package tieredlimit

import (
	"errors"
	"time"
)

const (
	// giveUpAfter is how long Redis keeps the number of a batch, so that it is not debited twice.
	giveUpAfter = time.Hour
	// sendUntil is how old a batch becomes that may have been debited before it is sent no more: older, its
	// number may be forgotten when it arrives.
	sendUntil = giveUpAfter - time.Minute
	// searchAtOnce is how many shards that owe are searched for batches at once: all of them within two seconds,
	// also where none of what they owe can be settled.
	searchAtOnce = 4
)

// What becomes of the requests that Redis is to be told of, as a metric names it.
const (
	debtsSettled = "settled" // debited
	debtsFull    = "full"    // lost, since too many counts are remembered
	debtsRefused = "refused" // lost, since the key holds something else
	debtsUnknown = "unknown" // given up, since no answer told whether they were debited
	debtsStopped = "stopped" // lost, since the node stopped without Redis
	debtsEnded   = "ended"   // lost, since the day ended before Redis could be told
	debtsZone    = "zone"    // lost, since the count was asked for in another time zone, whose day is another one
)

// batch is what one count owes to one day. Its number tells Redis whether it was debited before.
type batch struct {
	key       string
	number, n int64
	from, to  int64 // the day, in seconds since 1970
	first     time.Time
	flying    bool // it is on its way, and nobody else may send it
	unknown   bool // it may have been debited: it is sent again under its number, or not at all
	apart     bool // its share counts another day by now
}

// batches returns up to settleAtOnce that are due, of the keys that Redis is asked for, from up to so many of
// the shards that owe. Each is then settled, postponed or dropped.
func (l *local) batches(asked func(key string) bool, shards int) (found []*batch) {
	now := l.clock()
	for range localShards {
		if shards == 0 || len(found) == settleAtOnce {
			break
		}
		s := &l.shards[l.turn.Add(1)%localShards]
		s.mu.Lock()
		if s.owes {
			shards--
			found = l.search(s, now, asked, found)
		}
		s.mu.Unlock()
	}
	return found
}

// search adds what a shard has that is due, and takes note of whether it owes anything.
func (l *local) search(s *localShard, now time.Time, asked func(key string) bool, found []*batch) []*batch {
	s.owes = false
	for key, one := range s.byKey {
		if one.batch == nil && one.used == 0 {
			continue
		}
		s.owes = true // perhaps of a day that has ended: then until that is forgotten
		if len(found) == settleAtOnce {
			break
		}
		if one.batch != nil && one.batch.flying || !asked(key) {
			continue
		}
		if b := l.batch(key, one, now); b != nil {
			b.flying = true
			found = append(found, b)
		}
	}
	return found
}

// batch is what a share owes, nil where that is nothing.
func (l *local) batch(key string, s *share, now time.Time) *batch {
	l.giveUp(s, now)
	if s.batch != nil {
		return s.batch
	}
	n := s.owed(now)
	if n == 0 {
		l.metrics.owed(debtsEnded, s.late(now))
		s.used = 0
		return nil
	}
	from, to := s.days.day(time.Unix(s.counted, 0))
	s.batch = &batch{key: key, n: n, from: from.Unix(), to: to.Unix(), first: now, number: l.number.Add(1)}
	return s.batch
}

// giveUp gives up a batch that is sent no more.
func (l *local) giveUp(s *share, now time.Time) {
	if b := s.batch; b != nil && !b.flying && now.Sub(b.first) > sendUntil {
		l.over(s, debtsUnknown)
	}
}

// over takes a batch off its share.
func (l *local) over(s *share, what string) {
	b := s.batch
	s.batch = nil
	if !b.apart {
		s.used -= min(s.used, b.n)
	}
	l.metrics.owed(what, b.n)
}

// settled takes note of a batch that Redis has debited, with what the day has used and was granted since.
func (l *local) settled(b *batch, used, granted int64) {
	l.with(b, func(s *share) {
		l.over(s, debtsSettled)
		s.learn(used-granted, granted, time.Unix(b.to, 0))
		s.settled = l.settles.Add(1)
	})
}

// dropped takes note of a batch that is lost.
func (l *local) dropped(b *batch, why string) {
	l.with(b, func(s *share) { l.over(s, why) })
}

// misdated takes note of a batch of a day that is not Redis' own. It comes again where it certainly was not
// debited, as another one, until that day has ended.
func (l *local) misdated(b *batch) {
	if b.unknown {
		l.dropped(b, debtsUnknown)
		return
	}
	l.postponed(b, errNothingDone)
}

// postponed takes note of a batch that is to be sent again: as another one where it certainly was not debited,
// by no try, and else under its number, until it is given up.
func (l *local) postponed(b *batch, err error) {
	l.with(b, func(s *share) {
		b.flying = false
		b.unknown = b.unknown || !errors.Is(err, errNothingDone)
		if !b.unknown {
			s.batch = nil
		}
	})
}

// with calls do with the share of a batch. It is there: a share that has a batch is not forgotten.
func (l *local) with(b *batch, do func(*share)) {
	s := l.shard(b.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byKey[b.key]; found != nil && found.batch == b {
		do(found)
	}
}

// owed is what Redis is to be told of: of how many counts, and how many requests.
func (l *local) owed() (counts, requests int64) {
	now := l.clock()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for _, share := range s.byKey {
			if n := share.owed(now); n > 0 {
				counts, requests = counts+1, requests+n
			}
		}
		s.mu.Unlock()
	}
	return counts, requests
}
