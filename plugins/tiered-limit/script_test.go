package tieredlimit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The script agrees with the oracle on every step of any timeline: any limits in any order, times that
// lie on the edges of seconds and days, clocks that step.
func TestScriptAgreesWithTheOracle(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s, n := stores[kind](t), 0
			rapid.Check(t, func(rt *rapid.T) {
				n++
				agree(t, rt, s, fmt.Sprintf("consumer:%d", n))
			})
		})
	}
}

// agree runs one timeline through the store and the oracle.
func agree(t *testing.T, rt *rapid.T, s clockStore, key string) {
	palette := rapid.SliceOfN(anyLimits(), 1, 3).Draw(rt, "limits")
	oracle, now := account{}, noon
	for i := range rapid.IntRange(1, 80).Draw(rt, "steps") {
		now = now.Add(anyPause().Draw(rt, "pause"))
		l := rapid.SampledFrom(palette).Draw(rt, "of")
		s.setClock(t, now)
		want, got := oracle.take(l, now), take(t, s, key, l)
		if want != got {
			rt.Fatalf("step %d at %v, %+v (-oracle +script):\n%s", i+1, now, l, cmp.Diff(want, got))
		}
	}
}

func anyLimits() *rapid.Generator[Limits] {
	return rapid.Custom(func(rt *rapid.T) Limits {
		l := Limits{
			TPS:   rapid.SampledFrom([]int64{0, 1, 2, 3, 7, 20, 40}).Draw(rt, "tps"),
			Quota: rapid.SampledFrom([]int64{0, 0, 1, 5, 60}).Draw(rt, "quota"),
		}
		if l.TPS > 0 {
			l.Burst = rapid.SampledFrom([]int64{0, 0, 1, 2, 30}).Draw(rt, "burst")
		}
		return l
	})
}

func anyPause() *rapid.Generator[time.Duration] {
	micros := func(low, high int64) *rapid.Generator[time.Duration] {
		return rapid.Map(rapid.Int64Range(low, high), func(n int64) time.Duration { return time.Duration(n) * us })
	}
	return rapid.OneOf(
		rapid.Just(time.Duration(0)),
		micros(1, 50_000), micros(1, 50_000), micros(1, 300_000),
		micros(999_999, 1_000_001),
		rapid.Just(11*time.Hour+59*time.Minute+59*time.Second),
		micros(-1_000_001, -999_999), micros(-1_000_000, -1), micros(-2_000_000_000, -1),
	)
}

// A long ring, pauses that let most of it grow old at once, and a rate that rises in between: what the
// short timelines do not reach.
func TestScriptAgreesWithTheOracleOnLongRings(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t)
			random := rand.New(rand.NewPCG(1, 2))
			oracle, now := account{}, noon
			for i := range 3000 {
				pause := time.Duration(random.Int64N(5000)) * us
				if i%400 == 399 {
					pause = 985 * ms
				}
				now = now.Add(pause)
				l := Limits{TPS: 230}
				if i > 1500 {
					l.TPS += int64(i%3) * 50
				}
				s.setClock(t, now)
				if want, got := oracle.take(l, now), take(t, s, "consumer:1", l); want != got {
					t.Fatalf("step %d (-oracle +script):\n%s", i+1, cmp.Diff(want, got))
				}
			}
		})
	}
}

// The script as it ships, on the server's own clock.
func TestScriptUntouched(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			limits := Limits{TPS: 2, Quota: 10}
			first, second, third := take(t, s, "consumer:1", limits), take(t, s, "consumer:1", limits), take(t, s, "consumer:1", limits)
			if !first.Admitted || !second.Admitted || third.Admitted {
				t.Errorf("admitted %v, %v, %v; want two of three", first.Admitted, second.Admitted, third.Admitted)
			}
			if third.RateWait <= 0 || third.RateWait > time.Second || third.DayLeft != 8 {
				t.Errorf("third request: %+v; want a wait of at most 1s and 8 left of the day", third)
			}
			if want := time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)); (third.DayEnds - want).Abs() > time.Minute {
				t.Errorf("the day ends in %v, want about %v", third.DayEnds, want)
			}
		})
	}
}

func TestKeysGoWhenTheyNoLongerCount(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			ttl := func(key string) time.Duration {
				d, err := s.client.PTTL(t.Context(), key).Result()
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			take(t, s, "a", Limits{TPS: 5})
			if err := s.client.PExpire(t.Context(), "tollgate:{a}:1:ring", 900*ms).Err(); err != nil {
				t.Fatal(err)
			}
			take(t, s, "a", Limits{TPS: 5})
			wantWithin(t, "state of a rate", ttl("tollgate:{a}:1:state"), time.Second, 5*time.Second)
			wantWithin(t, "ring that was used again", ttl("tollgate:{a}:1:ring"), time.Second, 3*time.Second)

			take(t, s, "b", Limits{TPS: 10, Burst: 100})
			wantWithin(t, "state of a bucket", ttl("tollgate:{b}:1:state"), time.Second, 5*time.Second)

			out := take(t, s, "c", Limits{TPS: 5, Quota: 5})
			wantWithin(t, "state of a day", ttl("tollgate:{c}:1:state"), out.DayEnds, out.DayEnds+2*time.Minute)
			take(t, s, "c", Limits{TPS: 5})
			wantWithin(t, "state of a day whose quota was lifted", ttl("tollgate:{c}:1:state"), out.DayEnds-time.Minute, out.DayEnds+2*time.Minute)
			wantWithin(t, "ring beside a day", ttl("tollgate:{c}:1:ring"), time.Second, 3*time.Second)
		})
	}
}

func wantWithin(t *testing.T, what string, got, low, high time.Duration) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: lives for %v, want %v to %v", what, got, low, high)
	}
}

func TestScriptTouchesOnlyTheKeysItIsGiven(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			for range 3 {
				take(t, s, "consumer:1", Limits{TPS: 2, Quota: 2})
				take(t, s, "consumer:1", Limits{TPS: 3})
			}
			got, err := s.client.Keys(t.Context(), "*").Result()
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range got {
				if !strings.HasPrefix(key, "tollgate:{consumer:1}:1:") {
					t.Errorf("the key %s is not under the consumer's hash tag", key)
				}
			}
			if len(got) != 2 {
				t.Errorf("keys %v, want state and ring", got)
			}
		})
	}
}

func TestARejectedRequestWritesNothing(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			dump := func() string {
				state, ring := "tollgate:{a}:1:state", "tollgate:{a}:1:ring"
				return fmt.Sprintf("%q %q", s.client.Get(t.Context(), state).Val(), s.client.Get(t.Context(), ring).Val())
			}
			take(t, s, "a", Limits{TPS: 50, Quota: 1})
			before := dump()
			if take(t, s, "a", Limits{TPS: 50, Quota: 1}).Admitted {
				t.Fatal("a request over the quota is admitted")
			}
			if after := dump(); after != before {
				t.Errorf("redis holds %s, before it held %s", after, before)
			}
		})
	}
}

func TestALostRingAdmitsAndRecovers(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t)
			client := s.(clockRedis).client
			limits := Limits{TPS: 4}
			for i := range 6 { // the ring is full and has wrapped
				s.setClock(t, noon.Add(time.Duration(i)*300*ms))
				take(t, s, "a", limits)
			}
			if err := client.Del(t.Context(), keys("a")[1]).Err(); err != nil {
				t.Fatal(err)
			}
			for i, want := range []Outcome{{Admitted: true, RateLeft: 3}, {Admitted: true, RateLeft: 7}, {Admitted: true, RateLeft: 1}} {
				got := take(t, s, "a", Limits{TPS: []int64{4, 9, 4}[i]})
				got.DayEnds = 0
				if got != want {
					t.Errorf("request %d after the loss: %+v, want %+v", i+1, got, want)
				}
			}
			take(t, s, "a", limits)
			if take(t, s, "a", limits).Admitted {
				t.Error("the limit does not hold after the loss of the ring")
			}
		})
	}
}
