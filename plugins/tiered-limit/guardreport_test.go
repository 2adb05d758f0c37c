package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

func wantState(t *testing.T, g *guard, want string, up float64) {
	t.Helper()
	if got, _, _ := g.state(); got != want || g.up() != up {
		t.Errorf("the state is %s, and %v of it up; want %s, %v", got, g.up(), want, up)
	}
}

// What is seen by the heart alone is reported too: nobody may ask at night.
func TestAStoreThatNobodyAsksIsKnownToBeAway(t *testing.T) {
	g, log := guarded(&switchStore{})
	wantState(t, g, stateUnknown, 0)
	g.witness("nodes", ms, context.DeadlineExceeded)
	wantState(t, g, stateSilent, 0)
	wantLog(t, log, "never answered", 1, 0)
	g.witness("nodes", ms, nil)
	wantState(t, g, stateAnswers, 1)
	wantLog(t, log, "answered", 1, 1)
	for range 2 * tripAfter {
		g.witness("nodes", ms, redis.TxFailedErr) // what Redis answers
	}
	wantState(t, g, stateAnswers, 1)
	for range tripAfter {
		wantState(t, g, stateAnswers, 1)
		g.witness("nodes", ms, context.DeadlineExceeded)
	}
	wantState(t, g, stateSilent, 0)
	wantLog(t, log, "gone", 2, 1)
}

// The first cause of an outage need not be the one that lasts.
func TestEachCauseOfAnOutageIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause atomic.Pointer[error]
		set := func(err error) { cause.Store(&err) }
		g, log := guarded(storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) { return Outcome{}, *cause.Load() }))
		probing(t, g)
		set(nil)
		_, _ = ask(t, g)
		for range 3 {
			for _, err := range []error{os.ErrDeadlineExceeded, fmt.Errorf("%w: refused", errUnreachable), redisAnswer("WRONGPASS invalid"), redisAnswer("LOADING data"), context.Canceled} {
				set(err)
				for range tripAfter {
					_, _ = ask(t, g)
				}
				time.Sleep(5 * time.Second)
				if _, _, last := g.state(); !errors.Is(err, context.Canceled) && !errors.Is(last, err) {
					t.Errorf("the last error is %v, want %v", last, err)
				}
			}
		}
		wantLog(t, log, "an outage of four causes", 4, 0)
		set(nil)
		time.Sleep(time.Minute)
		if _, _, last := g.state(); last != nil {
			t.Errorf("after it the last error is %v", last)
		}
		set(redisAnswer("LOADING data"))
		for range tripAfter {
			_, _ = ask(t, g)
		}
		wantLog(t, log, "another outage", 5, 1)
	})
}

// redisAnswer is an error that Redis answers.
type redisAnswer string

func (p redisAnswer) Error() string { return string(p) }

func (redisAnswer) RedisError() {}

func TestChangesOfTheStoreAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchStore{}
		s.fail.Store(true)
		g, log := guarded(s)
		probing(t, g)
		_, _ = ask(t, g)
		wantLog(t, log, "a store that never answered", 1, 0)
		for range 100 {
			_, _ = ask(t, g)
			time.Sleep(100 * ms)
		}
		wantLog(t, log, "ten seconds without the store", 1, 0)
		s.fail.Store(false)
		for range 20 {
			_, _ = ask(t, g)
			time.Sleep(100 * ms)
		}
		wantLog(t, log, "recovered", 1, 1)
		s.fail.Store(true)
		_, _ = ask(t, g)
		wantLog(t, log, "a single failure", 1, 1)
		for range 2 * tripAfter {
			_, _ = ask(t, g)
		}
		wantLog(t, log, "failures in a row", 2, 1)
		if text := log.String(); !strings.Contains(text, "target=redis:6379") || !strings.Contains(text, "connection refused") {
			t.Errorf("the log lacks the target or the cause: %s", text)
		}
	})
}

func wantLog(t *testing.T, log *journal, when string, down, up int) {
	t.Helper()
	if got := strings.Count(log.String(), "level=WARN"); got != down {
		t.Errorf("%s: %d warnings, want %d", when, got, down)
	}
	if got := strings.Count(log.String(), "redis answers again"); got != up {
		t.Errorf("%s: %d recoveries, want %d", when, got, up)
	}
}
