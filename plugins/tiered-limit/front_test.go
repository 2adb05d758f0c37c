package tieredlimit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// However long calls take, as long as they are not taken for slow: sharing costs nobody his answer, and opens
// no breaker.
func TestSharingCostsNoAnswerOfASlowStore(t *testing.T) {
	for _, trip := range []time.Duration{ms, 13 * ms, 24 * ms, 26 * ms, 30 * ms, 37 * ms} {
		for _, consumers := range []int{1, 4, 20} {
			t.Run(fmt.Sprintf("%v, %d consumers", trip, consumers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g, log := guarded(newSlowStore(trip))
					f := newFront(g, patience, time.Now, newMetrics(nil))
					var lost atomic.Int64
					var all sync.WaitGroup
					for i := range 2000 {
						all.Go(func() {
							time.Sleep(time.Duration(i) * ms / 2)
							start := time.Now()
							_, _, err := f.Count(t.Context(), fmt.Sprint(i%consumers), free(Limits{TPS: 5000}))
							if err != nil {
								lost.Add(1)
							}
							if waited := time.Since(start); waited > patience {
								t.Errorf("request %d waited %v", i, waited)
							}
						})
					}
					all.Wait()
					if n := lost.Load(); n > 0 {
						t.Errorf("%d of 2000 requests got no answer", n)
					}
					if log.Len() > 0 {
						t.Errorf("the store is reported: %s", log)
					}
				})
			})
		}
	}
}

// The denial ends when the call's send time and the wait are over, whenever the answer came.
func TestADenialEndsByTheTimeOfItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const trip = 20 * ms
		s := newSlowStore(trip)
		f := newFront(s, patience, time.Now, newMetrics(nil))
		count := func() Source {
			_, source, err := f.Count(t.Context(), "consumer:1", free(Limits{TPS: 1}))
			if err != nil {
				t.Fatal(err)
			}
			return source
		}
		sent := time.Now()
		count()
		for time.Since(sent) < time.Second {
			if source := count(); source != FromMemory {
				t.Fatalf("%v after the call was sent: decided by %s", time.Since(sent), source)
			}
			time.Sleep(ms)
		}
		if source := count(); source != FromRedis {
			t.Errorf("a second after the call was sent: decided by %s", source)
		}
	})
}

func TestWhatWasAskedBeforeADropIsNotRememberedAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFront(newSlowStore(20*ms), patience, time.Now, newMetrics(nil))
		time.AfterFunc(15*ms, f.denials.drop)
		if _, _, err := f.Count(t.Context(), "consumer:1", free(Limits{TPS: 1})); err != nil {
			t.Fatal(err)
		}
		if n := f.denials.size.Load(); n != 0 {
			t.Errorf("%d denials are remembered", n)
		}
	})
}

func TestOnlyWhatACallCountedIsASharedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowStore(10 * ms)
		m := newMetrics(nil)
		f := newFront(s, patience, time.Now, m)
		var all sync.WaitGroup
		for i := range 9 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * us)
				_, _, _ = f.Count(t.Context(), "exhausted", free(Limits{TPS: 1}))
				_, _, _ = f.Count(t.Context(), "ample", free(Limits{TPS: 100}))
			})
		}
		all.Wait()
		if got, want := testutil.ToFloat64(m.shared), 7.0; got != want { // of nine, one alone and one for eight
			t.Errorf("%v shared calls, want %v", got, want)
		}
	})
}
