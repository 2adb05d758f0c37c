package tieredlimit

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// flights lets requests of one lane that wait at the same node share calls: while one call is under way,
// those that come form the next one. Nobody waits for another's call longer than patience, and where calls
// take twice as long, nobody waits at all: a request needs its time for a call of its own. It holds a lane
// while a call is under way, so that its memory is bounded by the requests that wait.
type flights struct {
	patience time.Duration
	slow     atomic.Bool // the last call took longer than twice the patience
	seed     maphash.Seed
	shards   [flightShards]flightShard
}

const flightShards = 64

type flightShard struct {
	mu     sync.Mutex
	byLane map[lane]*flight // the flight that forms while another is under way; nil where nobody waits yet
}

// flight is a group of requests that share one call.
type flight struct {
	formed time.Time // when its first request came
	n      int64
	turn   chan struct{} // closed when its first request is to call
	landed chan struct{} // closed when the answer is there
	answer answer
}

// answer is what a flight's call brought.
type answer struct {
	outcome Outcome
	source  Source
	err     error
}

// errLost is for those whose flight's call panicked.
var errLost = errors.New("the shared call was lost")

func newFlights(patience time.Duration) *flights {
	f := &flights{patience: patience, seed: maphash.MakeSeed()}
	for i := range f.shards {
		f.shards[i].byLane = map[lane]*flight{}
	}
	return f
}

// call asks for n requests. since is when the first of them came, where they waited for another call, and
// zero where they did not.
type call func(ctx context.Context, n int64, since time.Time) answer

// fly has one request answered: by a call of its own where none is under way for its lane, else by one
// that it shares with those that come meanwhile. joined tells that another request made the call.
func (f *flights) fly(ctx context.Context, of lane, now time.Time, ask call) (own answer, joined bool) {
	s := &f.shards[maphash.Comparable(f.seed, of)%flightShards]
	s.mu.Lock()
	forming, busy := s.byLane[of]
	switch {
	case !busy:
		s.byLane[of] = nil
		s.mu.Unlock()
		defer s.next(of)
		return f.timed(ctx, 1, time.Time{}, ask), false
	case f.slow.Load() && forming == nil:
		s.mu.Unlock()
		return f.timed(ctx, 1, time.Time{}, ask), false
	case forming == nil:
		forming = &flight{formed: now, n: 1, turn: make(chan struct{}), landed: make(chan struct{})}
		s.byLane[of] = forming
		s.mu.Unlock()
		return f.lead(ctx, s, of, forming, ask), false
	}
	place := forming.n
	forming.n++
	s.mu.Unlock()
	<-forming.landed
	return forming.answer.share(of.tier.limits, place), true
}

// timed makes a call and notes whether it took longer than what waiting leaves time for.
func (f *flights) timed(ctx context.Context, n int64, since time.Time, ask call) answer {
	start := time.Now()
	a := ask(ctx, n, since)
	if slow := time.Since(start) > 2*f.patience; slow != f.slow.Load() {
		f.slow.Store(slow)
	}
	return a
}

// lead waits for the call under way, and then calls for all of its flight.
func (f *flights) lead(ctx context.Context, s *flightShard, of lane, led *flight, ask call) answer {
	led.answer = answer{err: errLost, source: FromError}
	defer close(led.landed)
	if s.wait(of, led, f.patience) {
		defer s.next(of)
	}
	led.answer = f.timed(ctx, led.n, led.formed, ask)
	return led.answer.share(of.tier.limits, 0)
}

// wait returns when nobody can join the flight any more: when its turn has come, or, with false, when it
// has waited long enough for the call under way.
func (s *flightShard) wait(of lane, led *flight, patience time.Duration) (turn bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-led.turn:
		return true
	case <-timer.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byLane[of] != led {
		return true // its turn came at this moment
	}
	s.byLane[of] = nil
	return false
}

// next lets the flight that has formed take off: nobody joins it any more.
func (s *flightShard) next(of lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	forming := s.byLane[of]
	if forming == nil {
		delete(s.byLane, of)
		return
	}
	s.byLane[of] = nil
	close(forming.turn)
}

// share is the answer to the request in one place, the first being 0: as if each had been asked for
// alone, one after the other at the same time.
func (a answer) share(l Limits, place int64) answer {
	out := &a.outcome
	if place >= out.Admitted {
		out.Admitted = 0
		return a
	}
	after := out.Admitted - 1 - place // admitted later
	out.Admitted = 1
	if l.TPS > 0 && after > 0 {
		out.RateLeft, out.RateWait = out.RateLeft+after, 0
	}
	if l.Quota > 0 {
		out.DayLeft += after
	}
	return a
}
