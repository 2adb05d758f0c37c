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
	palette := rapid.SliceOfN(anyLimits(t), 1, 3).Draw(rt, "limits")
	oracle, now := account{}, rapid.SampledFrom(starts).Draw(rt, "start")
	for i := range rapid.IntRange(1, 80).Draw(rt, "steps") {
		now = now.Add(anyPause().Draw(rt, "pause"))
		l := rapid.SampledFrom(palette).Draw(rt, "of")
		s.setClock(t, now)
		n := rapid.SampledFrom([]int64{1, 1, 1, 2, 3, 9, 50}).Draw(rt, "n")
		s.setNode(now.Add(rapid.SampledFrom(nodeClocks).Draw(rt, "node's clock")))
		want, got := oracle.take(l, now, n), takeN(t, s, key, l, n)
		if want != got {
			rt.Fatalf("step %d at %v, %d of %v (-oracle +script):\n%s", i+1, now, n, l, cmp.Diff(want, got))
		}
	}
}

// starts lie before changes of daylight saving, and where no day is near.
var starts = []time.Time{
	noon,
	time.Date(2025, 3, 9, 4, 59, 58, 0, time.UTC),    // midnight in New York, whose day has 23 hours
	time.Date(2025, 4, 24, 21, 59, 58, 0, time.UTC),  // midnight in Cairo that never comes: it becomes 1:00
	time.Date(2025, 10, 30, 20, 59, 58, 0, time.UTC), // 23:59:58 in Cairo for the first time
}

// nodeClocks are how far a node's clock is off, up to where it knows nothing of the day.
var nodeClocks = []time.Duration{0, 0, 0, time.Second, -time.Second, 20 * time.Hour, -20 * time.Hour, 300 * time.Hour}

func anyLimits(t *testing.T) *rapid.Generator[Limits] {
	return rapid.Custom(func(rt *rapid.T) Limits {
		l := Limits{
			TPS:   rapid.SampledFrom([]int64{0, 1, 2, 3, 7, 20, 40}).Draw(rt, "tps"),
			Quota: rapid.SampledFrom([]int64{0, 0, 1, 5, 60}).Draw(rt, "quota"),
		}
		if l.TPS > 0 {
			l.Burst = rapid.SampledFrom([]int64{0, 0, 1, 2, 30}).Draw(rt, "burst")
		}
		if l.Quota > 0 {
			l.Days = daysOf(t, rapid.SampledFrom([]string{"UTC", "UTC", "America/New_York", "Africa/Cairo"}).Draw(rt, "zone"))
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
				n := int64(1 + i%5/3)
				if want, got := oracle.take(l, now, n), takeN(t, s, "consumer:1", l, n); want != got {
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
			limits := Limits{TPS: 2, Quota: 10, Days: daysOf(t, "UTC")}
			first, second, third := take(t, s, "consumer:1", limits), take(t, s, "consumer:1", limits), take(t, s, "consumer:1", limits)
			if first.Admitted != 1 || second.Admitted != 1 || third.Admitted != 0 {
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
			wantWithin(t, "state of a rate", ttl("tollgate:{a}:2:state"), 2*time.Second, 5*time.Second)
			wantWithin(t, "ring", ttl("tollgate:{a}:2:ring"), 2*time.Second, 4*time.Second)

			take(t, s, "b", Limits{TPS: 10, Burst: 100})
			wantWithin(t, "state of a bucket", ttl("tollgate:{b}:2:state"), time.Second, 5*time.Second)

			out := take(t, s, "c", Limits{TPS: 5, Quota: 5, Days: daysOf(t, "UTC")})
			wantWithin(t, "state of a day", ttl("tollgate:{c}:2:state"), out.DayEnds, out.DayEnds+2*time.Minute)
			take(t, s, "c", Limits{TPS: 5})
			wantWithin(t, "state of a day whose quota was lifted", ttl("tollgate:{c}:2:state"), out.DayEnds-time.Minute, out.DayEnds+2*time.Minute)
			wantWithin(t, "ring beside a day", ttl("tollgate:{c}:2:ring"), time.Second, 4*time.Second)
		})
	}
}

// A ring is kept for as long as an entry counts, although its life is not prolonged at each admission.
func TestARingOutlivesItsEntries(t *testing.T) {
	exact, bucket := Limits{TPS: 50}, Limits{TPS: 50, Burst: 60}
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t)
			client, ring := s.(clockRedis).client, keys("a")[1]
			steps := []struct {
				at     time.Duration
				limits Limits
				keeps  bool
			}{
				{0, exact, true}, {10 * ms, exact, false}, {20 * ms, exact, false}, {999 * ms, exact, false},
				{1000 * ms, exact, true}, {1001 * ms, exact, false}, {1900 * ms, bucket, false}, {1950 * ms, exact, true},
				{2500 * ms, exact, true}, {2600 * ms, exact, false}, {2700 * ms, Limits{TPS: 70}, true},
			}
			for i, st := range steps {
				client.PExpire(t.Context(), ring, 900*ms)
				s.setClock(t, noon.Add(st.at))
				take(t, s, "a", st.limits)
				if left := client.PTTL(t.Context(), ring).Val(); (left > time.Second) != st.keeps {
					t.Errorf("step %d at %v: the ring lives for %v", i+1, st.at, left)
				}
			}
		})
	}
}

// A count that one zone's day has begun lasts as long as the day of another zone that asks for it.
func TestADeniedDayLivesAsLongAsTheAskingTiersDay(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t)
			client, state := s.(clockRedis).client, keys("a")[0]
			tokyo := Limits{TPS: 9, Quota: 2, Days: daysOf(t, "Asia/Tokyo")}
			newYork := Limits{TPS: 9, Quota: 2, Days: daysOf(t, "America/New_York")}
			s.setClock(t, noon.Add(2*time.Hour)) // an hour before Tokyo's midnight, fifteen before New York's
			takeN(t, s, "a", tokyo, 2)
			before := strings.Fields(client.Get(t.Context(), state).Val())
			out := take(t, s, "a", newYork)
			if out.Admitted != 0 || out.DayEnds != 15*time.Hour {
				t.Fatalf("outcome %+v, want a denial until New York's midnight", out)
			}
			wantWithin(t, "state", client.PTTL(t.Context(), state).Val(), out.DayEnds, out.DayEnds+2*time.Minute)
			after := strings.Fields(client.Get(t.Context(), state).Val())
			const expires = 3
			if before[expires] == after[expires] {
				t.Error("the state does not tell its new life")
			}
			before[expires] = after[expires]
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("a denial has changed the state (-before +after):\n%s", diff)
			}
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
				take(t, s, "consumer:1", Limits{TPS: 2, Quota: 2, Days: daysOf(t, "UTC")})
				take(t, s, "consumer:1", Limits{TPS: 3})
			}
			got, err := s.client.Keys(t.Context(), "*").Result()
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range got {
				if !strings.HasPrefix(key, "tollgate:{consumer:1}:2:") {
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
				state, ring := "tollgate:{a}:2:state", "tollgate:{a}:2:ring"
				return fmt.Sprintf("%q %q", s.client.Get(t.Context(), state).Val(), s.client.Get(t.Context(), ring).Val())
			}
			limits := Limits{TPS: 50, Quota: 1, Days: daysOf(t, "UTC")}
			take(t, s, "a", limits)
			before := dump()
			if take(t, s, "a", limits).Admitted > 0 {
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
			for i, want := range []Outcome{{Admitted: 1, RateLeft: 3}, {Admitted: 1, RateLeft: 7}, {Admitted: 1, RateLeft: 1}} {
				got := take(t, s, "a", Limits{TPS: []int64{4, 9, 4}[i]})
				got.DayEnds = 0
				if got != want {
					t.Errorf("request %d after the loss: %+v, want %+v", i+1, got, want)
				}
			}
			take(t, s, "a", limits)
			if take(t, s, "a", limits).Admitted > 0 {
				t.Error("the limit does not hold after the loss of the ring")
			}
		})
	}
}
