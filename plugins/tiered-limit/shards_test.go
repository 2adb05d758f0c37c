package tieredlimit

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// threeMasters is a Cluster whose masters are away as a test says. The last byte of a key tells its master: of a digit
// its remainder by three.
type threeMasters struct {
	away [3]atomic.Bool
}

func masterOf(key string) string { return fmt.Sprint("master:", numberOf(key)) }

func numberOf(key string) int { return int(key[len(key)-1]-'0') % 3 }

func (c *threeMasters) Take(ctx context.Context, key string, _ Limits, _ int64) (Outcome, error) {
	key, _, _ = strings.Cut(key, "}") // as Redis reads the hash tag
	if c.away[numberOf(key)].Load() {
		<-ctx.Done()
	}
	return Outcome{Admitted: 1}, ctx.Err()
}

// clustered returns a guard of three masters which has answered once, and its log.
func clustered(t *testing.T, c *threeMasters) (*guard, *journal) {
	t.Helper()
	g, log := guarded(nil)
	g = newClusterGuard(c, patience, g.metrics, g.log, masterOf)
	probing(t, g)
	askAll(t, g)
	return g, log
}

// askAll makes some requests for each master, and returns for how many of them there was no answer.
func askAll(t *testing.T, g *guard) (failed [3]int) {
	t.Helper()
	for range 2 * tripAfter {
		for i := range failed {
			if _, err := g.Take(t.Context(), fmt.Sprint("consumer:", i), Limits{TPS: 1}, 1); err != nil {
				failed[i]++
			}
		}
	}
	return failed
}

// A shard of a Cluster that is away takes its own requests with it, and no others.
func TestAShardThatIsAwayCostsTheOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &threeMasters{}
		g, log := clustered(t, c)
		c.away[1].Store(true)
		start := time.Now()
		for range 100 {
			if failed := askAll(t, g); failed != [3]int{0, 2 * tripAfter, 0} {
				t.Fatalf("%v requests of each master failed", failed)
			}
		}
		if waited := time.Since(start); waited != tripAfter*patience {
			t.Errorf("the requests waited %v together", waited)
		}
		wantState(t, g, statePartly, 2.0/3)
		wantLog(t, log, "with a shard away", 1, 0)
		c.away[1].Store(false)
		time.Sleep(5 * time.Second)
		wantState(t, g, stateAnswers, 1)
		wantLog(t, log, "with the shard back", 1, 1)
	})
}

// One that hangs does not hold up the way back of another.
func TestAShardComesBackAsSoonWhileAnotherHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &threeMasters{}
		g, _ := clustered(t, c)
		c.away[1].Store(true)
		c.away[2].Store(true)
		askAll(t, g)
		time.Sleep(3*time.Second + 100*ms)
		c.away[2].Store(false)
		start := time.Now()
		for g.breakerOf("consumer:2").at() != positionClosed {
			time.Sleep(ms)
		}
		const most = probeWithin + 5*probeEvery // the probe that hung, and one for each time that the calls double
		if took := time.Since(start); took > most+ms {
			t.Errorf("it is back after %v, want %v at most", took, most)
		}
	})
}

// From a Cluster that answers to one that does not, and back: each state has its line, with how much is away.
func TestTheStatesOfAClusterAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &threeMasters{}
		g, log := clustered(t, c)
		for i, state := range []string{statePartly, statePartly, stateSilent} {
			c.away[i].Store(true)
			askAll(t, g)
			wantState(t, g, state, float64(2-i)/3)
		}
		for i := range c.away { // one by one: those that are back at the same time may have a line together
			c.away[i].Store(false)
			time.Sleep(6 * time.Second)
		}
		wantState(t, g, stateAnswers, 1)
		said := log.String()
		for line, times := range map[string]int{
			"WARN": 4, "redis does not answer": 1, "redis answers in part": 3, "redis answers in a larger part again": 1, "redis answers again": 1,
			"masters_away=1 masters=3": 2, "masters_away=2 masters=3": 2, "context deadline exceeded": 5,
		} {
			if got := strings.Count(said, line); got != times {
				t.Errorf("%q is logged %d times, want %d: %s", line, got, times, said)
			}
		}
	})
}

// Where masters come and go nothing is left of those that went.
func TestMastersThatNobodyAsksAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &threeMasters{}
		g, _ := clustered(t, c)
		c.away[2].Store(true)
		askAll(t, g)
		time.Sleep(2 * steady)
		if _, all := g.closed(); all != 3 {
			t.Errorf("%d masters are known while one of them is away", all)
		}
		c.away[2].Store(false)
		time.Sleep(2*steady + probeSeldom)
		if _, all := g.closed(); all != 0 {
			t.Errorf("%d masters are known that nobody asks", all)
		}
		wantState(t, g, stateAnswers, 1)
	})
}

// Before it has answered nobody knows what a Cluster has where: it is one.
func TestAClusterThatNeverAnsweredIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &threeMasters{}
		var known atomic.Bool
		g, _ := guarded(nil)
		g = newClusterGuard(c, patience, g.metrics, g.log, func(key string) string {
			if !known.Load() {
				t.Error("the client is asked where a key is")
			}
			return masterOf(key)
		})
		probing(t, g)
		wantState(t, g, stateUnknown, 0)
		for i := range c.away {
			c.away[i].Store(true)
		}
		askAll(t, g)
		wantState(t, g, stateSilent, 0)
		known.Store(true)
		for i := range c.away {
			c.away[i].Store(false)
		}
		time.Sleep(time.Second)
		if failed := askAll(t, g); failed != [3]int{} {
			t.Errorf("%v requests failed", failed)
		}
		wantState(t, g, stateAnswers, 1)
	})
}

// Nobody asks while one master of a Cluster is away, but for the count of gateways: any other may be the first to answer.
func TestAClusterIsFoundByWhicheverMasterAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &threeMasters{}
		g, log := guarded(nil)
		g = newClusterGuard(c, patience, g.metrics, g.log, masterOf)
		probing(t, g)
		c.away[1].Store(true)
		for range tripAfter {
			g.witness("nodes:1", ms, context.DeadlineExceeded)
		}
		wantState(t, g, stateSilent, 0)
		time.Sleep(20 * (probeWithin + probeEvery)) // each finds one that answers in two of three cases
		wantState(t, g, statePartly, 2.0/3)
		if failed := askAll(t, g); failed != [3]int{0, 2 * tripAfter, 0} {
			t.Errorf("%v requests of each master failed", failed)
		}
		wantLog(t, log, "it answers in part from the start", 2, 0)
	})
}

// A Cluster of which a master had failed before another answered has not answered in full.
func TestAFirstAnswerIsNotThatOfAllMasters(t *testing.T) {
	for name, row := range map[string]struct {
		failed string
		state  string
		up     float64
		down   int
	}{
		"none has failed":        {"", stateAnswers, 1, 0},
		"the same has failed":    {"another:0", stateAnswers, 1, 1},
		"another one has failed": {"nodes:1", statePartly, 2.0 / 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c := &threeMasters{}
			g, log := guarded(nil)
			g = newClusterGuard(c, patience, g.metrics, g.log, masterOf)
			if row.failed != "" {
				g.witness(row.failed, ms, context.DeadlineExceeded)
			}
			if _, err := g.Take(t.Context(), "consumer:0", Limits{TPS: 1}, 1); err != nil {
				t.Error(err)
			}
			wantState(t, g, row.state, row.up)
			if got := strings.Count(log.String(), "level=WARN"); got != row.down {
				t.Errorf("%d warnings, want %d: %s", got, row.down, log)
			}
		})
	}
}
