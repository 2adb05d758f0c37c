package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
		if n := s.probes.Load(); n != 19 { // the breaker opened after the first tick
			t.Errorf("the store was probed %d times in ten seconds", n)
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

// A shard of a Cluster that is away takes its own slots with it, and no others.
func TestAShardThatIsAwayCostsTheOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, log := guarded(nil)
		var isAway atomic.Bool
		isAway.Store(true)
		away := func(key string) bool { return isAway.Load() && slotGroup(key) < slotGroups/2 }
		s := storeFunc(func(ctx context.Context, key string, _ Limits, _ int64) (Outcome, error) {
			if key, _, _ := strings.Cut(key, "}"); away(key) { // as Redis reads the hash tag
				<-ctx.Done()
			}
			return Outcome{Admitted: 1}, ctx.Err()
		})
		g = newClusterGuard(s, patience, g.metrics, g.log)
		probing(t, g)
		late := map[bool]int{}
		for i := range 4000 {
			start := time.Now()
			key := fmt.Sprint("consumer:", i)
			_, _ = g.Take(t.Context(), key, Limits{TPS: 1}, 1)
			if time.Since(start) > 0 {
				late[away(key)]++
			}
		}
		if late[false] != 0 || late[true] != tripAfter*slotGroups/2 {
			t.Errorf("%d requests of the shard waited, and %d of the others", late[true], late[false])
		}
		if g.state() != statePartly || g.closed() != slotGroups/2 {
			t.Errorf("the state is %s, with %d parts closed", g.state(), g.closed())
		}
		wantLog(t, log, "with a shard away", 1, 0)
		isAway.Store(false)
		time.Sleep(5 * time.Second)
		if g.state() != stateAnswers {
			t.Errorf("the state is %s", g.state())
		}
		wantLog(t, log, "with the shard back", 1, 1)
	})
}

func TestChangesOfTheStoreAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		s.fail.Store(true)
		g, log := guarded(s)
		probing(t, g)
		_, _ = ask(t, g)
		wantLog(t, log, "a store that never answered", 1, 0)
		for range 100 {
			_, _ = ask(t, g)
			time.Sleep(100 * ms)
		}
		wantLog(t, log, "ten seconds without the store", 1, 0)
		s.fail.Store(false)
		for range 20 {
			_, _ = ask(t, g)
			time.Sleep(100 * ms)
		}
		wantLog(t, log, "recovered", 1, 1)
		s.fail.Store(true)
		_, _ = ask(t, g)
		wantLog(t, log, "a single failure", 1, 1)
		for range 2 * tripAfter {
			_, _ = ask(t, g)
		}
		wantLog(t, log, "failures in a row", 2, 1)
		if text := log.String(); !strings.Contains(text, "target=redis:6379") || !strings.Contains(text, "connection refused") {
			t.Errorf("the log lacks the target or the cause: %s", text)
		}
	})
}

func wantLog(t *testing.T, log *journal, when string, down, up int) {
	t.Helper()
	if got := strings.Count(log.String(), "level=WARN"); got != down {
		t.Errorf("%s: %d warnings, want %d", when, got, down)
	}
	if got := strings.Count(log.String(), "redis answers again"); got != up {
		t.Errorf("%s: %d recoveries, want %d", when, got, up)
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
