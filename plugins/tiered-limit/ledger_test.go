package tieredlimit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate/test/redistest"
)

// ledgers open, on a kind of Redis, a store and a ledger whose clock a test sets.
var ledgers = map[string]func(testing.TB) (clockRedis, *Ledger){
	"embedded": func(tb testing.TB) (clockRedis, *Ledger) { return openClockLedger(tb, redistest.Embedded(tb).Addr()) },
	"redis":    func(tb testing.TB) (clockRedis, *Ledger) { return openClockLedger(tb, redistest.Start(tb)) },
}

func openClockLedger(tb testing.TB, addr string) (clockRedis, *Ledger) {
	tb.Helper()
	if n := strings.Count(ledgerScript, readsTime); n != 1 {
		tb.Fatalf("the script reads the time in %d lines, want 1", n)
	}
	s := openClockRedis(tb, addr)
	return s, &Ledger{store: s.redisStore, script: newScript(strings.Replace(ledgerScript, readsTime, readsClock, 1))}
}

// openLedger opens a ledger on the server's own clock.
func openLedger(tb testing.TB, addr string) *Ledger {
	tb.Helper()
	return openLedgerAt(tb, addr, time.Now)
}

func openLedgerAt(tb testing.TB, addr string, now func() time.Time) *Ledger {
	tb.Helper()
	l, err := OpenLedger(redisAt(addr), now)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

// granted grants to the key "a".
func granted(tb testing.TB, l *Ledger, limits Limits, n int64) Balance {
	tb.Helper()
	_, after, err := l.Grant(tb.Context(), "a", limits, n)
	if err != nil {
		tb.Fatalf("granting: %v", err)
	}
	return after
}

// shown is the balance of the key "a".
func shown(tb testing.TB, l *Ledger, limits Limits) Balance {
	tb.Helper()
	b, err := l.Show(tb.Context(), "a", limits)
	if err != nil {
		tb.Fatalf("showing: %v", err)
	}
	return b
}

func TestAnExhaustedConsumerIsAdmittedAsOftenAsWasGranted(t *testing.T) {
	for kind, open := range ledgers {
		t.Run(kind, func(t *testing.T) {
			s, ledger := open(t)
			s.setClock(t, noon)
			limits := daily(t, 5)
			if got := takeN(t, s, "a", limits, 9).Admitted; got != 5 {
				t.Fatalf("%d of the quota of 5 admitted", got)
			}
			for _, n := range []int64{3, 1, 7} {
				granted(t, ledger, limits, n)
				if got := oneByOne(t, s, "a", limits, n+4).Admitted; got != n {
					t.Errorf("after a grant of %d: %d admitted", n, got)
				}
			}
		})
	}
}

func TestGrantsAddUpAndLastForTheirDay(t *testing.T) {
	for kind, open := range ledgers {
		t.Run(kind, func(t *testing.T) {
			s, ledger := open(t)
			limits := Limits{Quota: 5, Days: daysOf(t, "America/New_York")}
			s.setClock(t, noon)
			for _, want := range []int64{15, 25} {
				if got := granted(t, ledger, limits, 10).Remaining; got != want { // the key is new
					t.Errorf("%d remain after a grant, want %d", got, want)
				}
			}
			midnight := time.Date(2025, 11, 22, 5, 0, 0, 0, time.UTC)
			s.setClock(t, midnight.Add(-us))
			if got := shown(t, ledger, limits); got.Granted != 20 || !got.Ends.Equal(midnight) {
				t.Errorf("before midnight in New York: %+v", got)
			}
			s.setClock(t, midnight)
			if got := shown(t, ledger, limits); got.Granted != 0 || got.Remaining != 5 {
				t.Errorf("at midnight in New York: %+v", got)
			}
			if got := takeN(t, s, "a", limits, 30).Admitted; got != 5 {
				t.Errorf("%d admitted of the next day's 5", got)
			}
		})
	}
}

func TestAResetGivesTheDayBackAndLeavesTheRateAlone(t *testing.T) {
	for kind, open := range ledgers {
		t.Run(kind, func(t *testing.T) {
			s, ledger := open(t)
			s.setClock(t, noon)
			limits := Limits{TPS: 4, Quota: 5, Days: daysOf(t, "UTC")}
			takeN(t, s, "a", limits, 4)
			granted(t, ledger, limits, 2)
			before, after, err := ledger.Reset(t.Context(), "a", limits)
			if err != nil || before.Used != 4 || before.Remaining != 3 || after.Used != 0 || after.Granted != 0 || after.Remaining != 5 {
				t.Errorf("%+v, then %+v, %v", before, after, err)
			}
			if got := take(t, s, "a", limits); got.Admitted != 0 || got.RateWait != time.Second || got.DayLeft != 5 {
				t.Errorf("the rate after the reset: %+v", got)
			}
			s.setClock(t, noon.Add(time.Second))
			if got := takeN(t, s, "a", limits, 5); got.Admitted != 4 || got.DayLeft != 1 {
				t.Errorf("a second later: %+v", got)
			}
		})
	}
}

func TestTheRateIsToldWithoutADebit(t *testing.T) {
	for kind, open := range ledgers {
		t.Run(kind, func(t *testing.T) {
			s, ledger := open(t)
			s.setClock(t, noon)
			for name, limits := range map[string]Limits{"exact": {TPS: 4}, "bucket": {TPS: 4, Burst: 9}} {
				takeN(t, s, name, limits, 3)
				left := max(limits.TPS, limits.Burst) - 3
				for range 2 {
					if got, err := ledger.Rate(t.Context(), name, limits); err != nil || got.RateLeft != left || got.Admitted != 0 {
						t.Errorf("%s: %+v, %v; want %d left", name, got, err, left)
					}
				}
			}
		})
	}
}

// The scripts as they ship, on the server's own clock, which the operator's machine does not share.
func TestTheLedgerUntouchedOnAMachineWhoseClockIsOff(t *testing.T) {
	for kind, start := range servers {
		for _, off := range []time.Duration{0, 300 * time.Hour, -300 * time.Hour} {
			t.Run(fmt.Sprintf("%s, off by %v", kind, off), func(t *testing.T) {
				addr := start(t)
				ledger := openLedgerAt(t, addr, func() time.Time { return time.Now().Add(off) })
				limits := daily(t, 5)
				got := granted(t, ledger, limits, 2)
				if today := time.Now().UTC().Truncate(24 * time.Hour); got.Ends.Before(today.Add(24*time.Hour)) || got.Ends.Sub(got.Time) > 24*time.Hour {
					t.Errorf("the day ends at %v", got.Ends)
				}
				if n := takeN(t, openRedis(t, addr, limitScript), "a", limits, 9).Admitted; n != 7 {
					t.Errorf("%d admitted, want 7", n)
				}
			})
		}
	}
}

func TestAChangedCountLivesAMinuteBeyondItsDay(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			ledger := openLedger(t, start(t))
			limits := daily(t, 5)
			ttl := func() time.Duration { return ledger.store.client.PTTL(t.Context(), keys("a")[0]).Val() }
			after := granted(t, ledger, limits, 2)
			day := after.Ends.Sub(after.Time)
			wantWithin(t, "granted", ttl(), day+50*time.Second, day+time.Minute+time.Second)

			// The state itself says that a slower bucket has asked for more, or that a clock was far ahead.
			resetUntil := func(expires time.Duration) {
				t.Helper()
				parts := strings.Fields(ledger.store.client.Get(t.Context(), keys("a")[0]).Val())
				parts[3] = fmt.Sprint(after.Time.Add(expires).Unix())
				ledger.store.client.Set(t.Context(), keys("a")[0], strings.Join(parts, " "), time.Minute)
				if _, _, err := ledger.Reset(t.Context(), "a", limits); err != nil {
					t.Fatal(err)
				}
			}
			resetUntil(200_000 * time.Second)
			wantWithin(t, "reset beside a slow bucket", ttl(), 199_900*time.Second, 200_000*time.Second)
			resetUntil(2_000_000 * time.Second)
			wantWithin(t, "reset after a clock that was ahead", ttl(), day+50*time.Second, day+time.Minute+time.Second)
		})
	}
}

func TestALookWritesNothing(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			ledger := openLedger(t, start(t))
			if got := shown(t, ledger, daily(t, 5)); got.Remaining != 5 {
				t.Errorf("a consumer who never came: %+v", got)
			}
			if _, err := ledger.Rate(t.Context(), "a", Limits{TPS: 5}); err != nil {
				t.Error(err)
			}
			if found := ledger.store.client.Keys(t.Context(), "*").Val(); len(found) != 0 {
				t.Errorf("redis holds %q", found)
			}
		})
	}
}
