package tieredlimit

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Requests go on while the store hangs, fails, and comes back: none is answered with an error, none waits
// longer than the timeout, and after the first ones none waits at all.
func TestTrafficGoesOnWhileTheStoreComesAndGoes(t *testing.T) {
	for name, away := range map[string]func(*switchStore, bool){
		"hangs": func(s *switchStore, is bool) { s.hang.Store(is) },
		"fails": func(s *switchStore, is bool) { s.fail.Store(is) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &switchStore{}
				s.trip.Store(int64(ms))
				l := newTraffic(t, s)
				l.send(t, 2*time.Second)
				l.want(t, "with the store", true, 0)
				away(s, true)
				l.send(t, 2*tripAfter*patience)
				l.want(t, "when it goes", false, patience)
				l.send(t, 5*time.Second)
				l.want(t, "without it", false, 0)
				away(s, false)
				l.send(t, 5*time.Second)
				l.want(t, "when it comes back", false, ms)
				l.send(t, 2*time.Second)
				l.want(t, "with it", true, 0)
			})
		})
	}
}

// traffic is the requests of some consumers through one node.
type traffic struct {
	limiter limiter
	tier    tier

	mu      sync.Mutex
	by      map[Source]int
	longest time.Duration
}

func newTraffic(t *testing.T, s Store) *traffic {
	t.Helper()
	g, _ := guarded(s)
	probing(t, g)
	own := ownLocal(newMetrics(nil))
	return &traffic{
		limiter: limiter{counter: newFront(learning{g, own}, patience, time.Now, newMetrics(nil)), onError: onErrorLocal, local: own, unseen: 2},
		tier:    free(Limits{TPS: 5000}),
	}
}

// send makes a request each millisecond.
func (l *traffic) send(t *testing.T, d time.Duration) {
	t.Helper()
	l.by, l.longest = map[Source]int{}, 0
	var all sync.WaitGroup
	for i := range int(d / ms) {
		all.Go(func() {
			start := time.Now()
			made := l.limiter.decide(t.Context(), string(rune('a'+i%7)), l.tier)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.by[made.Store]++
			l.longest = max(l.longest, time.Since(start))
		})
		time.Sleep(ms)
	}
	all.Wait()
}

// want is what the requests have met: Redis' decisions alone, or this node's own too, and no errors.
func (l *traffic) want(t *testing.T, when string, redis bool, waited time.Duration) {
	t.Helper()
	if l.by[FromError] > 0 || (l.by[FromLocal] == 0) != redis || waited > 0 && l.longest > waited || !redis && waited == 0 && l.longest > 0 {
		t.Errorf("%s: decided by %v, and the longest wait was %v", when, l.by, l.longest)
	}
}

// Who is known to be exhausted is refused as before, and not given a part.
func TestDenialsHoldWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		s := storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) {
			if down.Load() {
				return Outcome{}, errNothingDone
			}
			return Outcome{DayEnds: time.Hour}, nil
		})
		l := newTraffic(t, s)
		l.tier = free(daily(t, 100))
		for at, want := range map[string]Source{"a": FromRedis, "b": FromRedis} {
			if made := l.limiter.decide(t.Context(), at, l.tier); made.Verdict != Rejected || made.Store != want {
				t.Errorf("%s: %+v", at, made)
			}
		}
		down.Store(true)
		for range 3 * tripAfter {
			made := l.limiter.decide(t.Context(), "a", l.tier)
			if made.Verdict != Rejected || made.Store != FromMemory {
				t.Fatalf("without the store: %+v", made)
			}
			l.limiter.decide(t.Context(), "c", l.tier)
		}
		// And where the denial itself was forgotten, what was known of the day holds.
		l.limiter.counter.(*front).denials.drop()
		if made := l.limiter.decide(t.Context(), "a", l.tier); made.Verdict != Rejected || made.Store != FromLocal {
			t.Errorf("with the denial forgotten: %+v", made)
		}
	})
}
