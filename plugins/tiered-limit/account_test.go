package tieredlimit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// admissions runs requests on a clock that only goes forward, and returns when they were admitted. check
// sees each rejected one, with the admissions before it.
func admissions(rt *rapid.T, l Limits, rejected func(admitted []time.Time, at time.Time, o Outcome)) []time.Time {
	var a account
	var admitted []time.Time
	now := noon
	for range rapid.IntRange(1, 300).Draw(rt, "requests") {
		now = now.Add(time.Duration(rapid.Int64Range(0, 2_000_000/(4*l.TPS)).Draw(rt, "pause")) * us)
		if o := a.take(l, now, 1); o.Admitted == 1 {
			admitted = append(admitted, now)
		} else {
			rejected(admitted, now, o)
		}
	}
	return admitted
}

// within counts the admissions in the half-open second that ends with at.
func within(admitted []time.Time, at time.Time) (n int64) {
	for _, t := range admitted {
		if at.Sub(t) < time.Second && !t.After(at) {
			n++
		}
	}
	return n
}

func TestARateIsExactInEveryRollingSecond(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := Limits{TPS: rapid.Int64Range(1, 30).Draw(rt, "tps")}
		admitted := admissions(rt, l, func(admitted []time.Time, at time.Time, o Outcome) {
			if n := within(admitted, at); n != l.TPS {
				rt.Fatalf("rejected at %v with %d of %d used", at, n, l.TPS)
			}
			if retry := at.Add(o.RateWait); within(admitted, retry) >= l.TPS {
				rt.Fatalf("at %v the wait of %v is too short", at, o.RateWait)
			}
		})
		for _, at := range admitted {
			if n := within(admitted, at); n > l.TPS {
				rt.Fatalf("%d admitted in the second before %v, want at most %d", n, at, l.TPS)
			}
		}
	})
}

func TestABucketNeverAdmitsMoreThanBurstAndRate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := Limits{TPS: rapid.Int64Range(1, 30).Draw(rt, "tps"), Burst: rapid.Int64Range(1, 60).Draw(rt, "burst")}
		admitted := admissions(rt, l, func(_ []time.Time, at time.Time, o Outcome) {
			if o.RateLeft != 0 || o.RateWait <= 0 || o.RateWait > time.Second {
				rt.Fatalf("rejected at %v with %+v", at, o)
			}
		})
		for i, from := range admitted {
			for j, to := range admitted[i:] {
				most := float64(l.Burst) + to.Sub(from).Seconds()*float64(l.TPS) + 1e-6
				if float64(j+1) > most {
					rt.Fatalf("%d admitted from %v to %v, want at most %f", j+1, from, to, most)
				}
			}
		}
	})
}

func TestADayAdmitsItsQuota(t *testing.T) {
	var a account
	admitted, limits := int64(0), Limits{TPS: 1, Quota: 100, Days: daysOf(t, "UTC")}
	for minute := range 3 * 24 * 60 {
		admitted += a.take(limits, noon.Add(time.Duration(minute)*time.Minute), 1).Admitted
	}
	if want := int64(4 * 100); admitted != want { // three days from noon touch four calendar days
		t.Errorf("admitted %d, want %d", admitted, want)
	}
}

func TestCeilDivRoundsUp(t *testing.T) {
	for _, c := range [][3]int64{{0, 3, 0}, {1, 3, 1}, {3, 3, 1}, {4, 3, 2}, {-1, 3, 0}, {-3, 3, -1}} {
		if got := ceilDiv(c[0], c[1]); got != c[2] {
			t.Errorf("ceilDiv(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
