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

// threeMasters is a Cluster whose masters are away as a test says, and the master of each key its last digit's.
type threeMasters struct {
	away [3]atomic.Bool
}

func masterOf(key string) string { return "master:" + string(key[len(key)-1]) }

func (c *threeMasters) Take(ctx context.Context, key string, _ Limits, _ int64) (Outcome, error) {
	key, _, _ = strings.Cut(key, "}") // as Redis reads the hash tag
	if c.away[key[len(key)-1]-'0'].Load() {
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
		for i := range c.away {
			c.away[i].Store(false)
		}
		time.Sleep(20 * time.Second)
		wantState(t, g, stateAnswers, 1)
		said := log.String()
		for line, times := range map[string]int{
			"masters_away=1 masters=3": 1, "redis does not answer": 1, "redis answers again": 1, "context deadline exceeded": strings.Count(said, "WARN"),
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
