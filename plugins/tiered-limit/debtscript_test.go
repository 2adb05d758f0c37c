package tieredlimit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tollgate/test/redistest"
)

// owe is what debt.lua does, on the oracle.
func (a *account) owe(b *batch, now time.Time) bool {
	if now.Unix() < b.from || now.Unix() >= b.to {
		return false
	}
	if a.counted < b.from || a.counted >= b.to {
		a.used, a.granted = 0, 0
	}
	a.used += b.n
	a.counted = now.Unix()
	return true
}

// settlerOn settles with the clock of a store.
func settlerOn(tb testing.TB, s clockRedis, l *local) *settler {
	tb.Helper()
	const reads = "redis.call('TIME')[1]"
	if strings.Count(debtScript, reads) != 1 {
		tb.Fatal("the script reads the time elsewhere")
	}
	g, _ := guarded(s)
	g.timeout = 5 * time.Second
	d := newSettler(l, s.redisStore, g)
	d.script = newScript(strings.Replace(debtScript, reads, "redis.call('GET', 'clock:s')", 1))
	return d
}

// What is debited afterwards counts for the day as if it had been admitted there, and the rate does not
// notice: on any timeline, with what else happens to the count.
func TestDebtsAgreeWithTheOracle(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s, n := stores[kind](t).(clockRedis), 0
			d := settlerOn(t, s, ownLocal(newMetrics(nil)))
			rapid.Check(t, func(rt *rapid.T) {
				n++
				agreeOnDebts(t, rt, d, s, fmt.Sprintf("consumer:%d", n))
			})
		})
	}
}

func agreeOnDebts(t *testing.T, rt *rapid.T, d *settler, s clockRedis, key string) {
	l := anyLimits(t).Filter(func(l Limits) bool { return l.Quota > 0 }).Draw(rt, "limits")
	oracle, now := account{}, rapid.SampledFrom(starts).Draw(rt, "start")
	for i := range rapid.IntRange(1, 40).Draw(rt, "steps") {
		now = now.Add(max(0, anyPause().Draw(rt, "pause")))
		s.setClock(t, now)
		if rapid.Bool().Draw(rt, "a request") {
			if want, got := oracle.take(l, now, 1), take(t, s, key, l); want != got {
				rt.Fatalf("step %d at %v: oracle %+v, script %+v", i+1, now, want, got)
			}
			continue
		}
		from, to := l.Days.day(now)
		b := &batch{key: key, n: rapid.Int64Range(1, 99).Draw(rt, "debt"), from: from.Unix(), to: to.Unix(), number: d.local.number.Add(1)}
		oracle.owe(b, now)
		for range rapid.IntRange(1, 3).Draw(rt, "times sent") {
			if err := d.settle(t.Context(), b); err != nil {
				rt.Fatal(err)
			}
		}
	}
}

func TestADebtOfAnotherDayIsNotDebited(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t).(clockRedis)
			s.setClock(t, noon)
			d := settlerOn(t, s, ownLocal(newMetrics(nil)))
			from, to := daysOf(t, "UTC").day(noon)
			for _, shift := range []int64{-86400, 86400} {
				b := &batch{key: "a", n: 5, number: 1, from: from.Unix() + shift, to: to.Unix() + shift}
				if err := d.settle(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
			if found := s.client.Keys(t.Context(), "tollgate*").Val(); len(found) != 0 {
				t.Errorf("it left %q", found)
			}
		})
	}
}

// Where Redis goes away again while debts are settled, none is lost.
func TestDebtsThatMeetAnErrorAreSettledLater(t *testing.T) {
	m := redistest.Embedded(t)
	now := time.Now()
	l := localAt(&now, 1)
	for i := range 5 {
		admit(t, l, fmt.Sprint(i), 2)
	}
	s := openRedis(t, m.Addr(), limitScript)
	g, _ := guarded(s)
	g.timeout = 5 * time.Second
	d := newSettler(l, s, g)
	m.SetError("LOADING Redis is loading the dataset in memory")
	if more := d.step(t.Context()); more {
		t.Error("after an error it goes on at once")
	}
	wantOwed(t, l, "after an error", 10)
	m.SetError("")
	d.finish(t.Context())
	wantOwed(t, l, "later", 0)
	wantResult(t, l, debtsSettled, 10)
}

// What lies in Redis for a debt goes when it is no longer needed.
func TestDebtsLeaveRedisInTime(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			d := newSettler(ownLocal(newMetrics(nil)), s, nil)
			d.guard, _ = guarded(s)
			d.guard.timeout = 5 * time.Second
			from, to := daysOf(t, "UTC").day(time.Now())
			if err := d.settle(t.Context(), &batch{key: "a", n: 5, number: 1, from: from.Unix(), to: to.Unix()}); err != nil {
				t.Fatal(err)
			}
			state := s.client.PTTL(t.Context(), keys("a")[0]).Val()
			number := s.client.PTTL(t.Context(), debtKey("a", d.local.peers.id)).Val()
			if left := time.Until(to); state < left || state > left+2*time.Minute {
				t.Errorf("the state lives %v, of a day that ends in %v", state, left)
			}
			if number < giveUpAfter-time.Minute || number > giveUpAfter {
				t.Errorf("the number lives %v", number)
			}
		})
	}
}

// A key that holds something else is nobody's day: what it owes is lost, and the others' is not.
func TestAStateThatIsNotOursTakesNoDebt(t *testing.T) {
	for kind := range servers {
		t.Run(kind, func(t *testing.T) {
			s := stores[kind](t).(clockRedis)
			now := noon
			s.setClock(t, now)
			l := owing(t, &now, 5)
			admit(t, l, "b", 2)
			d := settlerOn(t, s, l)
			s.client.Set(t.Context(), keys("a")[0], "what", 0)
			d.step(t.Context())
			wantResult(t, l, debtsRefused, 5)
			wantResult(t, l, debtsSettled, 2)
			if got := s.client.Get(t.Context(), keys("a")[0]).Val(); got != "what" {
				t.Errorf("it holds %q", got)
			}
		})
	}
}
