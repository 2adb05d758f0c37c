package tieredlimit

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The oracle of the ledger: what an operator does to an account.

func (a *account) grant(l Limits, now time.Time, n int64) (before, after Balance) {
	return a.settle(l, now, func(day *account) { day.granted += n })
}

func (a *account) reset(l Limits, now time.Time) (before, after Balance) {
	return a.settle(l, now, func(day *account) { day.used, day.granted = 0, 0 })
}

func (a *account) settle(l Limits, now time.Time, change func(*account)) (before, after Balance) {
	before = a.balance(l, now)
	day, _ := a.at(Limits{Quota: l.Quota, Days: l.Days}, now.UnixMicro()) // the rate stays as it is
	change(&day)
	day.counted = now.Unix()
	*a = day
	return before, a.balance(l, now)
}

func (a *account) balance(l Limits, now time.Time) Balance {
	day, _ := a.at(l, now.UnixMicro())
	_, ends := l.Days.day(now)
	return Balance{
		Used: day.used, Granted: day.granted, Remaining: max(0, l.Quota+day.granted-day.used),
		Time: now.In(l.Days.zone), Ends: ends.In(l.Days.zone),
	}
}

// Grants, resets and looks among requests, at any time and under any limits, do what the oracle does, and
// the requests between them find it.
func TestTheLedgerAgreesWithTheOracle(t *testing.T) {
	for kind, open := range ledgers {
		t.Run(kind, func(t *testing.T) {
			s, ledger := open(t)
			n := 0
			rapid.Check(t, func(rt *rapid.T) {
				n++
				agreeOnTheBooks(t, rt, s, ledger, fmt.Sprintf("default:consumer:%d", n))
			})
		})
	}
}

func agreeOnTheBooks(t *testing.T, rt *rapid.T, s clockRedis, ledger *Ledger, key string) {
	palette := rapid.SliceOfN(anyLimits(t), 1, 3).Draw(rt, "limits")
	oracle, now := account{}, rapid.SampledFrom(starts).Draw(rt, "start")
	for i := range rapid.IntRange(1, 60).Draw(rt, "steps") {
		now = now.Add(anyPause().Draw(rt, "pause"))
		l := rapid.SampledFrom(palette).Draw(rt, "of")
		s.setClock(t, now)
		s.setNode(now.Add(rapid.SampledFrom(nodeClocks).Draw(rt, "node's clock")))
		what := rapid.SampledFrom([]string{"take", "take", "take", "grant", "grant", "reset", "show"}).Draw(rt, "what")
		n := rapid.Int64Range(1, 9).Draw(rt, "n")
		var want, got any
		if what == "take" || l.Quota == 0 {
			want, got = oracle.take(l, now, n), takeN(t, s, key, l, n)
		} else {
			want, got = settled(&oracle, l, now, what, n), asked(t, ledger, key, l, what, n)
		}
		if diff := cmp.Diff(want, got, sameInstants()); diff != "" {
			rt.Fatalf("step %d at %v, %s %d of %v (-oracle +script):\n%s", i+1, now, what, n, l, diff)
		}
	}
}

// change is a balance before and after.
type change struct{ Before, After Balance }

func settled(a *account, l Limits, now time.Time, what string, n int64) (c change) {
	switch what {
	case "grant":
		c.Before, c.After = a.grant(l, now, n)
	case "reset":
		c.Before, c.After = a.reset(l, now)
	default:
		c.Before = a.balance(l, now)
		c.After = c.Before
	}
	return c
}

func asked(t *testing.T, ledger *Ledger, key string, l Limits, what string, n int64) (c change) {
	t.Helper()
	var err error
	switch what {
	case "grant":
		c.Before, c.After, err = ledger.Grant(t.Context(), key, l, n)
	case "reset":
		c.Before, c.After, err = ledger.Reset(t.Context(), key, l)
	default:
		c.Before, err = ledger.Show(t.Context(), key, l)
		c.After = c.Before
	}
	if err != nil {
		t.Fatalf("%s %s: %v", what, key, err)
	}
	return c
}

// sameInstants also holds the zones together.
func sameInstants() cmp.Option {
	return cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })
}
