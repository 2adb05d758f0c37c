package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// switchStore answers, fails or hangs, as a test sets it, and says nothing of whether it has debited.
type switchStore struct {
	fail, hang    atomic.Bool
	trip          atomic.Int64 // how long an answer takes
	calls, probes atomic.Int64
}

func (s *switchStore) Take(ctx context.Context, key string, _ Limits, _ int64) (Outcome, error) {
	if key == probeKey("consumer:1") {
		s.probes.Add(1)
	} else {
		s.calls.Add(1)
	}
	return Outcome{Admitted: 1}, s.answer(ctx)
}

func (s *switchStore) answer(ctx context.Context) error {
	if s.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := pause(ctx, time.Duration(s.trip.Load())); err != nil {
		return err
	}
	if s.fail.Load() {
		return errors.New("connection refused")
	}
	return nil
}

const patience = 50 * ms

// guarded returns a guard around s, and its log.
func guarded(s Store) (*guard, *journal) {
	log := &journal{}
	logger := slog.New(slog.NewTextHandler(log, nil)).With("target", "redis:6379")
	return newGuard(s, patience, newMetrics(nil), logger), log
}

// probing runs the guard's probes until the test ends.
func probing(t *testing.T, g *guard) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { g.run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

// ask makes one request and returns how long it waited.
func ask(t *testing.T, g *guard) (time.Duration, error) {
	t.Helper()
	start := time.Now()
	_, err := g.Take(t.Context(), "consumer:1", Limits{TPS: 1}, 1)
	return time.Since(start), err
}

// However long the store hangs, a few requests pay for it, each with the timeout: none for a probe.
func TestAHungStoreCostsAFewTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		s.hang.Store(true)
		g, _ := guarded(s)
		probing(t, g)
		for i := range tripAfter {
			if waited, err := ask(t, g); waited != patience || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("request %d waited %v for %v, want the timeout", i+1, waited, err)
			}
		}
		for range 1000 {
			if waited, err := ask(t, g); waited != 0 || !errors.Is(err, errNotAsked) {
				t.Fatalf("with the breaker open a request waited %v for %v", waited, err)
			}
			time.Sleep(10 * ms)
		}
		if n := s.calls.Load(); n != tripAfter {
			t.Errorf("requests asked the store %d times, want %d", n, tripAfter)
		}
		if n := s.probes.Load(); n != 10 { // each takes a second
			t.Errorf("the store was probed %d times in ten seconds", n)
		}
	})
}

// A probe that took longer than the pause between two is followed by the next at once, and not at the next beat of a clock.
func TestALongProbeIsFollowedByTheNextAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		s.hang.Store(true)
		g, _ := guarded(s)
		g.timeout = 1100 * ms
		probing(t, g)
		for range tripAfter {
			_, _ = ask(t, g)
		}
		s.probes.Store(0)
		const probes = 20
		time.Sleep(probeEvery + probes*g.timeout - ms)
		if n := s.probes.Load(); n != probes {
			t.Errorf("%d probes of %v in %v, want %d", n, g.timeout, probes*g.timeout, probes)
		}
	})
}

func TestASlowStoreCostsAFewWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		g, log := guarded(s)
		probing(t, g)
		s.trip.Store(int64(40 * ms)) // within the timeout
		var waited time.Duration
		for range 1000 {
			took, _ := ask(t, g)
			waited += took
			time.Sleep(10 * ms)
		}
		if want := tripBad * 40 * ms; waited != want {
			t.Errorf("1000 requests waited %v together, want %v", waited, want)
		}
		if !strings.Contains(log.String(), errSlow.Error()) {
			t.Errorf("logged %s", log)
		}
		s.trip.Store(int64(30 * ms))
		time.Sleep(3 * time.Second)
		if _, err := ask(t, g); err != nil || g.position() != positionClosed {
			t.Errorf("it is fast enough again, and a request gets %v with the breaker %s", err, g.position())
		}
	})
}

func TestAStoreIsAskedAgainOnceAProbeSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		s.fail.Store(true)
		g, _ := guarded(s)
		probing(t, g)
		for range tripAfter {
			_, _ = ask(t, g)
		}
		s.fail.Store(false)
		if _, err := ask(t, g); err == nil {
			t.Error("the breaker did not open")
		}
		time.Sleep(probeEvery + ms)
		for i := range 10 {
			if _, err := ask(t, g); err != nil {
				t.Errorf("request %d after recovery: %v", i+1, err)
			}
		}
	})
}

// A store that comes back is not met by all who have waited for it.
func TestAStoreThatComesBackIsNotOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		s.fail.Store(true)
		g, _ := guarded(s)
		probing(t, g)
		for range tripAfter {
			_, _ = ask(t, g)
		}
		s.fail.Store(false)
		s.trip.Store(int64(10 * ms))
		time.Sleep(probeEvery + 11*ms)
		s.calls.Store(0)
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() { _, _ = ask(t, g) })
		}
		all.Wait()
		if n := s.calls.Load(); n != 1 {
			t.Errorf("%d calls at once after the first probe, want 1", n)
		}
	})
}

func TestACallWithoutAnAnswerIsCountedUnlessNothingWasDone(t *testing.T) {
	var err error
	g, _ := guarded(storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) { return Outcome{}, err }))
	for _, err = range []error{nil, fmt.Errorf("dialing: %w", errNothingDone), fmt.Errorf("%w: FOREIGN", errForeignKey), context.DeadlineExceeded, context.Canceled} {
		_, _ = g.Take(t.Context(), "consumer:1", Limits{TPS: 1}, 3)
	}
	if got, total := g.unknown.Load(), testutil.ToFloat64(g.metrics.unknown); got != 6 || total != 6 {
		t.Errorf("%d requests of unknown outcome, and %v in the metric; want those of two calls for three each", got, total)
	}
}

func TestARequestGivenUpByTheServerIsNoFailure(t *testing.T) {
	g, log := guarded(storeFunc(func(ctx context.Context, _ string, _ Limits, _ int64) (Outcome, error) { return Outcome{}, ctx.Err() }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * tripAfter {
		if _, err := g.Take(ctx, "consumer:1", Limits{TPS: 1}, 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the cancellation", err)
		}
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

// A call that had to wait for another one has less than its time, and what it does with that says nothing.
func TestACallInAHurryThatGetsNoAnswerIsNoFailure(t *testing.T) {
	for name, err := range map[string]error{"without a connection": context.DeadlineExceeded, "on the socket": os.ErrDeadlineExceeded} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, log := guarded(storeFunc(func(ctx context.Context, _ string, _ Limits, _ int64) (Outcome, error) {
					<-ctx.Done()
					return Outcome{}, fmt.Errorf("reading: %w", err)
				}))
				for range 2 * tripAfter {
					ctx, cancel := context.WithTimeout(t.Context(), patience/2)
					if _, got := g.Take(ctx, "consumer:1", Limits{TPS: 1}, 1); !errors.Is(got, errHurried) {
						t.Errorf("error %v", got)
					}
					cancel()
				}
				if log.Len() > 0 || g.position() != positionClosed {
					t.Errorf("the breaker is %s, and logged %s", g.position(), log)
				}
				for range tripAfter {
					_, _ = ask(t, g)
				}
				if g.position() != positionOpen {
					t.Error("those that had their time are no failures")
				}
			})
		})
	}
}
