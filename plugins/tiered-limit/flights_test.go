package tieredlimit

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The place that a request has in a shared call gets what it would have got alone.
func TestSharesAgreeWithTheOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var together, alone account
		now := rapid.SampledFrom(starts).Draw(rt, "start")
		l := anyLimits(t).Draw(rt, "limits")
		for range rapid.IntRange(1, 20).Draw(rt, "calls") {
			now = now.Add(max(0, anyPause().Draw(rt, "pause")))
			n := rapid.Int64Range(1, 40).Draw(rt, "n")
			shared := answer{outcome: together.take(l, now, n), source: FromRedis}
			for place := range n {
				want, got := alone.take(l, now, 1), shared.share(l, place)
				if got.outcome != want || got.source != FromRedis {
					rt.Fatalf("place %d of %d, %v (-want +got):\n%s", place, n, l, cmp.Diff(want, got.outcome))
				}
			}
		}
	})
}

// slowStore takes time to answer, as a network does, and notes how many requests each call was for.
type slowStore struct {
	memoryStore
	trip  time.Duration
	calls []int64
}

func newSlowStore(trip time.Duration) *slowStore {
	return &slowStore{memoryStore: memoryStore{accounts: map[string]*account{}}, trip: trip}
}

func (s *slowStore) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	if err := pause(ctx, s.trip/2); err != nil {
		return Outcome{}, err
	}
	s.mu.Lock()
	s.now = time.Now()
	s.calls = append(s.calls, n)
	s.mu.Unlock()
	out, _ := s.memoryStore.Take(ctx, key, l, n)
	return out, pause(ctx, s.trip-s.trip/2) // debited, whether the answer comes in time or not
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func free(l Limits) tier { return tier{name: "free", limits: l} }

func TestRequestsThatWaitTogetherShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowStore(10 * ms)
		f := newFront(s, patience, time.Now, newMetrics(nil))
		left := make([]int64, 31)
		var all sync.WaitGroup
		for i := range left {
			all.Go(func() {
				time.Sleep(time.Duration(i) * us) // one after the other, all while the first waits
				start := time.Now()
				out, _, err := f.Count(t.Context(), "consumer:1", free(Limits{TPS: 100}))
				if err != nil || out.Admitted != 1 {
					t.Errorf("request %d: %+v, %v", i, out, err)
				}
				if waited := time.Since(start); waited > 2*s.trip {
					t.Errorf("request %d waited %v", i, waited)
				}
				left[i] = out.RateLeft
			})
		}
		all.Wait()
		if diff := cmp.Diff([]int64{1, 30}, s.calls); diff != "" {
			t.Errorf("requests by call (-want +got):\n%s", diff)
		}
		for i, n := range left {
			if n != int64(99-i) {
				t.Errorf("request %d is told that %d are left, want %d", i, n, 99-i)
			}
		}
	})
}

// Many requests of a few consumers over several nodes: what the clients got is what the store debited.
func TestNothingIsLostOrDoubledBetweenSharedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{TPS: 50, Quota: 400, Days: daysOf(t, "UTC")}
		s := newSlowStore(3 * ms)
		nodes := []*front{newFront(s, patience, time.Now, newMetrics(nil)), newFront(s, patience, time.Now, newMetrics(nil))}
		keys := []string{"consumer:1", "consumer:2", "consumer:3"}
		admitted := map[string]int64{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 6000 {
			key, node := keys[i%3], nodes[i/3%2]
			at := time.Duration(rand.Int64N(int64(3 * time.Second)))
			all.Go(func() {
				time.Sleep(at)
				out, _, err := node.Count(t.Context(), key, free(limits))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				admitted[key] += out.Admitted
			})
		}
		all.Wait()
		for _, key := range keys {
			if used := s.accounts[key].used; used != admitted[key] || used < 100 {
				t.Errorf("%s: %d were admitted, and the store debited %d", key, admitted[key], used)
			}
		}
		for i, node := range nodes {
			for j := range node.flights.shards {
				if n := len(node.flights.shards[j].byLane); n != 0 {
					t.Errorf("node %d holds %d lanes with nobody waiting", i, n)
				}
			}
		}
		t.Logf("%d calls for 6000 requests", len(s.calls))
	})
}

func TestRequestsThatWaitAreDeniedByWhatTheCallBeforeFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowStore(10 * ms)
		f := newFront(s, patience, time.Now, newMetrics(nil))
		var all sync.WaitGroup
		sources := make([]Source, 9)
		for i := range sources {
			all.Go(func() {
				time.Sleep(time.Duration(i) * us)
				_, sources[i], _ = f.Count(t.Context(), "consumer:1", free(Limits{TPS: 1}))
			})
		}
		all.Wait()
		if len(s.calls) != 1 || sources[0] != FromRedis {
			t.Errorf("%d calls, the first by %s", len(s.calls), sources[0])
		}
		for i, source := range sources[1:] {
			if source != FromMemory {
				t.Errorf("request %d was decided by %s", i+1, source)
			}
		}
	})
}

func TestNobodyWaitsLongerThanTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowStore(time.Hour)
		g, _ := guarded(s)
		f := newFront(g, patience, time.Now, newMetrics(nil))
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 3 * ms)
				start := time.Now()
				_, source, err := f.Count(t.Context(), "consumer:1", free(Limits{TPS: 1}))
				if waited := time.Since(start); waited > patience || err == nil || source != FromError {
					t.Errorf("request %d waited %v for %v by %s", i, waited, err, source)
				}
			})
		}
		all.Wait()
	})
}

func TestACallThatPanicsLetsNobodyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		f := newFront(storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) {
			calls++
			time.Sleep(10 * ms)
			if calls == 2 {
				panic("broken")
			}
			return Outcome{Admitted: 1, RateLeft: 1}, nil
		}), patience, time.Now, newMetrics(nil))
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				time.Sleep(time.Duration(i) * us)
				defer func() { _ = recover() }()
				_, _, errs[i] = f.Count(t.Context(), "consumer:1", free(Limits{TPS: 5}))
			})
		}
		all.Wait()
		if errs[0] != nil || !errors.Is(errs[2], errLost) || !errors.Is(errs[3], errLost) {
			t.Errorf("errors %v, want the last two to be told that their call was lost", errs)
		}
		if _, _, err := f.Count(t.Context(), "consumer:1", free(Limits{TPS: 5})); err != nil {
			t.Errorf("after the panic: %v", err)
		}
	})
}
