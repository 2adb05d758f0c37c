package tieredlimit

import (
	"errors"
	"time"
)

// giveUpAfter is how long a batch is sent again whose answer was lost. As long Redis keeps its number, so
// that it is never debited twice.
const giveUpAfter = time.Hour

// What becomes of the requests that Redis is to be told of, as a metric names it.
const (
	debtsSettled = "settled" // debited
	debtsFull    = "full"    // lost, since too many counts are remembered
	debtsRefused = "refused" // lost, since the key holds something else
	debtsUnknown = "unknown" // given up, since no answer told whether they were debited
	debtsStopped = "stopped" // lost, since the node stopped without Redis
)

// batch is what one count owes to one day. Its number tells Redis whether it was debited before.
type batch struct {
	key       string
	number, n int64
	from, to  int64 // the day, in seconds since 1970
	first     time.Time
	flying    bool // it is on its way, and nobody else may send it
}

// batches returns up to settleAtOnce that are due, of the keys that Redis is asked for. Each is then settled,
// postponed or dropped.
func (l *local) batches(asked func(key string) bool) []*batch {
	if !l.owes.Swap(false) {
		return nil
	}
	now, owing := l.clock(), false
	var found []*batch
	for range localShards {
		s := &l.shards[l.turn.Add(1)%localShards]
		s.mu.Lock()
		for key, share := range s.byKey {
			b := l.batch(key, share, now)
			owing = owing || b != nil
			if b != nil && !b.flying && len(found) < settleAtOnce && asked(key) {
				b.flying = true
				share.batch = b
				found = append(found, b)
			}
		}
		s.mu.Unlock()
		if len(found) == settleAtOnce {
			break
		}
	}
	if owing {
		l.owes.Store(true)
	}
	return found
}

// batch is what a share owes, nil where that is nothing.
func (l *local) batch(key string, s *share, now time.Time) *batch {
	if s.batch != nil {
		return s.batch
	}
	n := s.owed(now)
	if n == 0 {
		return nil
	}
	from, to := s.days.day(time.Unix(s.counted, 0))
	return &batch{key: key, n: n, from: from.Unix(), to: to.Unix(), first: now, number: l.number.Add(1)}
}

// settled takes note of a batch that Redis has debited, with what the day has used and was granted since.
func (l *local) settled(b *batch, used, granted int64) {
	l.end(b, debtsSettled, func(s *share) {
		s.learn(used-granted, granted, time.Unix(b.to, 0))
	})
}

// dropped takes note of a batch that is lost.
func (l *local) dropped(b *batch, why string) { l.end(b, why, func(*share) {}) }

func (l *local) end(b *batch, what string, then func(*share)) {
	s := l.shard(b.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byKey[b.key]
	if found == nil || found.batch != b {
		return
	}
	found.batch = nil
	if found.counted >= b.from && found.counted < b.to {
		found.used -= min(found.used, b.n)
	}
	l.metrics.owed(what, b.n)
	then(found)
}

// postponed takes note of a batch that is to be sent again: as another one where it certainly was not
// debited, and else under its number, until it is given up.
func (l *local) postponed(b *batch, err error) {
	if !errors.Is(err, errNothingDone) && l.clock().Sub(b.first) > giveUpAfter-time.Minute {
		l.dropped(b, debtsUnknown)
		return
	}
	s := l.shard(b.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b.flying = false
	if found := s.byKey[b.key]; found != nil && found.batch == b && errors.Is(err, errNothingDone) {
		found.batch = nil
	}
	l.owes.Store(true)
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
