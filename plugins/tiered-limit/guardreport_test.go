package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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
	for _, own := range []string{
		"NOPERM this user has no permissions", "WRONGTYPE Operation against a key", "ERR Unknown Redis command called from script",
		"ERR Error running script (call to f_1): @user_script:8: ERR of a later Redis", "upstream failure", "ERR of a later Redis",
	} {
		for range 2 * tripAfter {
			g.witness("nodes", ms, classified(redisAnswer(own)))
		}
	}
	wantState(t, g, stateAnswers, 1)
	for range tripAfter {
		wantState(t, g, stateAnswers, 1)
		g.witness("nodes", ms, classified(redisAnswer("NOAUTH Authentication required.")))
	}
	wantState(t, g, stateSilent, 0)
	wantLog(t, log, "gone", 2, 1)
	for _, of := range []string{"LOADING Redis is loading the dataset in memory", "ERR max number of clients reached"} {
		other, _ := guarded(&switchStore{})
		other.witness("nodes", ms, classified(redisAnswer(of)))
		wantState(t, other, stateSilent, 0)
	}
}

// What is wrong with the count of gateways alone is muted only where the log says the same of requests.
func TestWhatWasSaidOfRequestsIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause atomic.Pointer[error]
		refused := classified(redisAnswer("NOPERM this user has no permissions"))
		away := "consumer:1"
		g, _ := guarded(storeFunc(func(_ context.Context, key string, _ Limits, _ int64) (Outcome, error) {
			if err := cause.Load(); err != nil && key == away {
				return Outcome{}, *err
			}
			return Outcome{Admitted: 1}, nil
		}))
		g = newClusterGuard(g.store, patience, g.metrics, g.log, masterOf)
		want := func(when string, here, elsewhere bool) {
			t.Helper()
			for key, want := range map[string]bool{"nodes:1": here, "nodes:2": elsewhere} {
				if got := g.told(key, refused); got != want {
					t.Errorf("%s: told of %s %v, want %v", when, key, got, want)
				}
			}
		}
		askAll(t, g)
		want("while it answers", false, false)
		gone := context.DeadlineExceeded
		cause.Store(&gone)
		askAll(t, g)
		wantState(t, g, statePartly, 2.0/3)
		want("one master is away for another reason", false, false)
		cause.Store(nil)
		var probes sync.WaitGroup
		for g.position() != positionClosed {
			g.probe(t.Context(), &probes)
			probes.Wait()
			time.Sleep(probeEvery)
		}
		cause.Store(&refused)
		askAll(t, g)
		wantState(t, g, statePartly, 2.0/3)
		want("one master refuses", true, false)
	})
}

// However it is that there is no connection: one cause of that may follow another, and none is told twice by how
// far an attempt has come.
func TestCausesAreToldApart(t *testing.T) {
	reaching := func(err error) error { return (&dialer{}).unreachable(err) }
	asking := func(err error) error { return fmt.Errorf("%w: %w", errAskingSentinels, err) }
	waiting := func(err error) error { return reaching(fmt.Errorf("%w: %w", errWaiting, err)) }
	apart := [][]error{
		{reaching(errors.New("connection refused")), reaching(os.ErrDeadlineExceeded), waiting(errConnecting), reaching(&net.DNSError{IsTimeout: true})},
		{reaching(&net.DNSError{IsNotFound: true})},
		{reaching(errWrongCA)},
		{reaching(asking((&dialer{toSentinels: true}).unreachable(errWrongCA)))},
		{reaching(errNoTLS)},
		{reaching(errSilentTLS), waiting(errSilentTLS)},
		{reaching(errClientCert), undone{errHangsUpSecure}},
		{reaching(asking(sentinelTrouble(redisAnswer("WRONGPASS invalid"))))},
		{reaching(asking(sentinelTrouble(redisAnswer("NOPERM no permissions"))))},
		{reaching(asking(sentinelTrouble(redisAnswer("ERR wrong number of arguments for 'auth' command"))))},
		{reaching(asking(errUnknownMaster))},
		{reaching(asking((&dialer{toSentinels: true}).unreachable(errors.New("refused")))), waiting(errLocating)},
		{classified(redisAnswer("WRONGPASS invalid"))},
		{classified(redisAnswer("NOAUTH Authentication required.")), classified(redisAnswer("ERR Protocol error: unauthenticated multibulk length"))},
		{classified(redisAnswer("LOADING data")), classified(redisAnswer("LOADING more data"))},
		{classified(redisAnswer("ERR max number of clients reached"))},
		{classified(redisAnswer("ERR DB index is out of range"))},
		{classified(redisAnswer("ERR"))},
		{os.ErrDeadlineExceeded, context.DeadlineExceeded, unanswered(os.ErrDeadlineExceeded, false)},
		{io.EOF},
	}
	seen := map[string]error{}
	for _, one := range apart {
		kind := kindOf(one[0])
		if other := seen[kind]; other != nil {
			t.Errorf("%v and %v are one cause", one[0], other)
		}
		seen[kind] = one[0]
		for _, same := range one[1:] {
			if kindOf(same) != kind {
				t.Errorf("%v and %v are two causes", one[0], same)
			}
		}
	}
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
			for _, err := range []error{os.ErrDeadlineExceeded, fmt.Errorf("%w: refused", errUnreachable), fmt.Errorf("%w: %w", errUnreachable, errWrongCA), redisAnswer("WRONGPASS invalid"), redisAnswer("LOADING data"), context.Canceled} {
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
		wantLog(t, log, "an outage of five causes", 5, 0)
		set(nil)
		time.Sleep(time.Minute)
		if _, _, last := g.state(); last != nil {
			t.Errorf("after it the last error is %v", last)
		}
		set(redisAnswer("LOADING data"))
		for range tripAfter {
			_, _ = ask(t, g)
		}
		wantLog(t, log, "another outage", 6, 1)
	})
}

// Of a part too: what else is wrong is told, with how much is away.
func TestAnotherCauseOfAPartIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause atomic.Pointer[error]
		g, log := guarded(storeFunc(func(_ context.Context, key string, _ Limits, _ int64) (Outcome, error) {
			if err := cause.Load(); err != nil && numberOf(strings.TrimSuffix(key, "}:probe")) == 1 {
				return Outcome{}, *err
			}
			return Outcome{Admitted: 1}, nil
		}))
		g = newClusterGuard(g.store, patience, g.metrics, g.log, masterOf)
		probing(t, g)
		askAll(t, g)
		for _, err := range []error{os.ErrDeadlineExceeded, redisAnswer("LOADING data"), os.ErrDeadlineExceeded} {
			cause.Store(&err)
			askAll(t, g)
			time.Sleep(5 * time.Second)
		}
		wantState(t, g, statePartly, 2.0/3)
		wantLog(t, log, "two causes", 2, 0)
		if said := log.String(); !strings.Contains(said, `msg="redis still answers only in part, for another reason" target=redis:6379 masters_away=1 masters=3 error="LOADING data"`) {
			t.Errorf("logged %s", said)
		}
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
