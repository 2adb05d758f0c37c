package tieredlimit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"tollgate/test/redistest"
)

// owe is what ledger.lua does with a debit, on the oracle.
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
	if strings.Count(ledgerScript, readsTime) != 1 {
		tb.Fatal("the script reads the time elsewhere")
	}
	g, _ := guarded(s)
	g.timeout = 5 * time.Second
	d := newSettler(l, s.redisStore, g, g.log)
	d.script = newScript(strings.Replace(ledgerScript, readsTime, readsClock, 1))
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
				if err := d.settle(t.Context(), b); !errors.Is(err, errOtherDay) {
					t.Errorf("error %v", err)
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
	d := newSettler(l, s, g, g.log)
	m.SetError("LOADING Redis is loading the dataset in memory")
	if more := d.step(t.Context(), g.asks, localShards); more {
		t.Error("after an error it goes on at once")
	}
	wantOwed(t, l, "after an error", 10)
	m.SetError("")
	d.finish(t.Context())
	wantOwed(t, l, "later", 0)
	wantResult(t, l, debtsSettled, 10)
}

// settling is a settler on a Redis that fails as a test says, of a node that has admitted some requests.
func settling(t *testing.T, now *time.Time, requests int) (*settler, *miniredis.Miniredis, *journal) {
	t.Helper()
	m := redistest.Embedded(t)
	s := openRedis(t, m.Addr(), limitScript)
	g, log := guarded(s)
	g.timeout = 5 * time.Second
	return newSettler(owing(t, now, requests), s, g, g.log), m, log
}

// send debits a batch of which the answer is lost.
func send(t *testing.T, d *settler, b *batch) {
	t.Helper()
	sent := *b
	if err := d.settle(t.Context(), &sent); err != nil {
		t.Fatal(err)
	}
	d.local.postponed(b, errors.New("i/o timeout"))
}

// settle sends what is due.
func settle(t *testing.T, d *settler) {
	t.Helper()
	d.step(t.Context(), everyKey, localShards)
}

// However the tries end that follow it, and however late they are, a debit that was made is not made again.
func TestADebitWhoseAnswerWasLostIsNotMadeAgain(t *testing.T) {
	const loading = "LOADING Redis is loading the dataset in memory"
	for name, then := range map[string]func(*settler, *miniredis.Miniredis, *time.Time){
		"and was sent again at once": func(*settler, *miniredis.Miniredis, *time.Time) {},
		"and was refused then": func(d *settler, m *miniredis.Miniredis, _ *time.Time) {
			m.SetError(loading)
			settle(t, d)
			m.SetError("")
		},
		"and stood behind one that failed": func(d *settler, m *miniredis.Miniredis, _ *time.Time) {
			for i := range 20 {
				admit(t, d.local, fmt.Sprint("another:", i), 1)
			}
			m.SetError(loading)
			for range 20 {
				settle(t, d)
			}
			m.SetError("")
		},
		"and Redis was away until it had forgotten": func(_ *settler, m *miniredis.Miniredis, now *time.Time) {
			*now = now.Add(giveUpAfter + time.Minute)
			m.FastForward(giveUpAfter + time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now().UTC().Truncate(24 * time.Hour) // miniredis does not know what time a test says it is
			d, m, _ := settling(t, &now, 5)
			m.SetTime(now)
			send(t, d, only(t, d.local))
			then(d, m, &now)
			for range 3 {
				settle(t, d)
			}
			if used := usedOf(t, d.store.client.(*redis.Client), "a"); used != 5 {
				t.Errorf("5 were admitted, and the day has used %d", used)
			}
			wantOwed(t, d.local, "in the end", 0)
		})
	}
}

// Where one shard of a Cluster fails, the debts of the others are settled.
func TestDebtsOfOneShardDoNotWaitForAnother(t *testing.T) {
	now := time.Now()
	d, _, _ := settling(t, &now, 0)
	d.guard.masterOf = masterOf
	d.guard.answered.Store(true)
	for _, key := range []string{"a:0", "b:0", "a:1", "b:1", "a:2", "b:2"} {
		admit(t, d.local, key, 1)
	}
	d.store.client.AddHook(&refusing{command: "evalsha", match: ":1}", times: 1})
	settle(t, d)
	if counts, _ := d.local.owed(); counts != 2 {
		t.Errorf("%d counts are owed, want those of one shard", counts)
	}
	settle(t, d)
	wantOwed(t, d.local, "with the shard back", 0)
}

// A node that stops does not wait for a day to become that of Redis, and takes a store that is tried for there.
func TestANodeThatStopsSettlesWhatRedisTakes(t *testing.T) {
	now := time.Now().Add(-48 * time.Hour)
	d, _, _ := settling(t, &now, 5)
	start := time.Now()
	d.finish(t.Context())
	if took := time.Since(start); took > settleAtEnd/2 {
		t.Errorf("it took %v to find that the day is another one", took)
	}
	wantOwed(t, d.local, "to a day that is not that of Redis", 5)

	now = time.Now()
	admit(t, d.local, "b", 2)
	clock := noon
	play(t, &d.guard.whole, &clock, "fffff")
	d.finish(t.Context())
	wantOwed(t, d.local, "while Redis is away", 2)
	play(t, &d.guard.whole, &clock, "P")
	d.finish(t.Context())
	wantOwed(t, d.local, "while Redis is tried", 0)
}

// Debts that stay though Redis answers are no secret.
func TestDebtsThatAreNotTakenAreLoggedOnce(t *testing.T) {
	now := time.Now()
	d, m, log := settling(t, &now, 5)
	m.SetError("NOPERM this user has no permissions")
	for range settleTold - 1 {
		settle(t, d)
	}
	if log.Len() > 0 {
		t.Errorf("a failure that passes is logged: %s", log)
	}
	for range 3 * settleTold {
		settle(t, d)
	}
	m.SetError("")
	settle(t, d)
	if said := log.String(); strings.Count(said, "level=WARN") != 1 || strings.Count(said, "level=INFO") != 1 || !strings.Contains(said, "NOPERM") {
		t.Errorf("logged %s", said)
	}
}

// What lies in Redis for a debt goes when it is no longer needed.
func TestDebtsLeaveRedisInTime(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			d := newSettler(ownLocal(newMetrics(nil)), s, nil, nil)
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
			d.step(t.Context(), d.guard.asks, localShards)
			wantResult(t, l, debtsRefused, 5)
			wantResult(t, l, debtsSettled, 2)
			if got := s.client.Get(t.Context(), keys("a")[0]).Val(); got != "what" {
				t.Errorf("it holds %q", got)
			}
		})
	}
}
