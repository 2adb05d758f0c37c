package tieredlimit

import (
	"errors"
	"net"
	"strings"
	"testing"

	"tollgate/test/redistest"
)

func TestAScriptThatRedisForgotIsSentAgainAndDebitsOnce(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			for i, want := range []int64{9, 8} {
				if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				if got := take(t, s, "a", daily(t, 10)).DayLeft; got != want {
					t.Errorf("request %d: %d left of the day, want %d", i+1, got, want)
				}
			}
		})
	}
}

// daily is a quota in UTC.
func daily(tb testing.TB, quota int64) Limits {
	tb.Helper()
	return Limits{Quota: quota, Days: daysOf(tb, "UTC")}
}

func TestStateThatIsNotOursIsAnError(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			if err := s.client.Set(t.Context(), keys("a")[0], "what", 0).Err(); err != nil {
				t.Fatal(err)
			}
			g, log := guarded(s)
			g.timeout = waiting // for a loaded machine
			for range 2 * tripAfter {
				if out, err := g.Take(t.Context(), "a", Limits{TPS: 1}, 1); !errors.Is(err, errForeignKey) {
					t.Errorf("outcome %+v, error %v", out, err)
				}
			}
			if out, err := g.Take(t.Context(), "b", Limits{TPS: 1}, 1); err != nil || out.Admitted != 1 {
				t.Errorf("one bad key, and another consumer gets %+v, %v", out, err)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "key=a ") {
				t.Errorf("logged %s", log)
			}
		})
	}
}

func TestAKeyOfOneConsumerIsNotThatOfAnother(t *testing.T) {
	if a, b := keys("consumer:1"), keys("ip:1"); a[0] == b[0] || a[0] == a[1] || a[1] == b[1] {
		t.Errorf("keys %v and %v overlap", a, b)
	}
}

// A server that takes connections and never answers is waited for until the timeout, whatever go-redis
// does meanwhile.
func TestAHungServerCostsNoMoreThanTheTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := redisAt(l.Addr().String())
	c.Timeout = 50
	s := openRecord(t, c, limitScript)
	g, _ := guarded(s)
	for range 3 {
		waited, err := ask(t, g)
		if err == nil || waited < patience || waited > 10*patience { // the upper bound is for a loaded machine
			t.Errorf("waited %v for %v, want %v and an error", waited, err, patience)
		}
	}
}

func TestARedisThatComesBackIsUsedAgain(t *testing.T) {
	m := redistest.Embedded(t)
	s := openRedis(t, m.Addr(), limitScript)
	take(t, s, "a", daily(t, 10))
	m.Close()
	if _, err := s.Take(t.Context(), "a", Limits{TPS: 10}, 1); err == nil {
		t.Error("a stopped server answered")
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := take(t, s, "a", daily(t, 10)).DayLeft; got != 8 {
		t.Errorf("%d left of the day, want 8", got)
	}
}

func TestPasswordAndDatabaseAreUsed(t *testing.T) {
	m := redistest.Embedded(t)
	m.RequireUserAuth("ann", "hunter2")
	c := redisAt(m.Addr())
	c.Username, c.Password, c.Database = "ann", "hunter2", 2
	s := openRecord(t, c, limitScript)
	take(t, s, "a", Limits{TPS: 1})
	if !m.DB(2).Exists(keys("a")[0]) {
		t.Error("database 2 has no state")
	}

	c.Password = "wrong"
	refused := openRecord(t, c, limitScript)
	if _, err := refused.Take(t.Context(), "a", Limits{TPS: 1}, 1); err == nil {
		t.Error("a wrong password was accepted")
	}
}
