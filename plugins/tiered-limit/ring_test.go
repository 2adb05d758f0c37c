package tieredlimit

import (
	"fmt"
	"testing"
	"time"
)

// However many admissions have grown too old since the last call, the script finds the first that counts.
func TestScriptFindsTheOldestAdmissionThatCounts(t *testing.T) {
	const tps, apart = 40, 10 * ms
	limits := Limits{TPS: tps}
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t)
			for old := range tps + 1 {
				var oracle account
				take := func(at time.Duration, n int64) (want, got Outcome) {
					s.setClock(t, noon.Add(at))
					return oracle.take(limits, noon.Add(at), n), takeN(t, s, fmt.Sprintf("consumer:%d", old), limits, n)
				}
				for i := range time.Duration(tps) {
					take(i*apart, 1)
				}
				for _, n := range []int64{tps, 1} {
					if want, got := take(time.Second+time.Duration(old)*apart-us, n); want != got {
						t.Errorf("%d too old, %d asked: %+v, want %+v", old, n, got, want)
					}
				}
			}
		})
	}
}

// A state's life is set anew only where the second until which it counts has changed.
func TestAStateOutlivesItsSecond(t *testing.T) {
	day := daily(t, 100)
	day.TPS = 50
	steps := []struct {
		at     time.Duration
		limits Limits
		keeps  bool
	}{
		{0, Limits{TPS: 50}, true}, {10 * ms, Limits{TPS: 50}, false}, {999 * ms, Limits{TPS: 50}, false},
		{1000 * ms, Limits{TPS: 50}, true}, {1500 * ms, Limits{TPS: 1, Burst: 60}, true}, {1600 * ms, day, true},
		{1700 * ms, day, false}, {4000 * ms, day, false}, {4100 * ms, Limits{TPS: 50}, false},
		{12*time.Hour - us, day, false}, {12 * time.Hour, day, true},
		{-480 * time.Hour, Limits{TPS: 50}, true}, // the clock was wrong before: nothing lives for weeks
	}
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t)
			client, state := s.(clockRedis).client, keys("a")[0]
			for i, st := range steps {
				client.PExpire(t.Context(), state, 900*ms)
				s.setClock(t, noon.Add(st.at))
				take(t, s, "a", st.limits)
				if left := client.PTTL(t.Context(), state).Val(); (left > time.Second) != st.keeps || left > 25*time.Hour {
					t.Errorf("step %d at %v: the state lives for %v", i+1, st.at, left)
				}
			}
		})
	}
}
