package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/network"
	"tollgate/test/redistest"
)

// taken is what a call brought.
type taken struct {
	out Outcome
	err error
}

// takeTogether takes one of each key, all in one write: they wait until all are there.
func takeTogether(ctx context.Context, tb testing.TB, s *redisStore, l Limits, keys ...string) []taken {
	tb.Helper()
	p := lineOf(tb, s, keys[0])
	p.mu.Lock()
	p.under, p.patience, p.vain = writesAtOnce, time.Minute, time.Time{}
	p.mu.Unlock()
	got := make([]taken, len(keys))
	var all sync.WaitGroup
	for i, key := range keys {
		all.Go(func() { got[i].out, got[i].err = s.Take(ctx, key, l, 1) })
	}
	eventually.Holds(tb, waiting, "calls that wait", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.queue) == len(keys)
	})
	p.next()
	all.Wait()
	p.mu.Lock()
	p.under = 0
	p.mu.Unlock()
	return got
}

// lineOf is what makes the calls for a key.
func lineOf(tb testing.TB, s *redisStore, key string) *pipeline {
	tb.Helper()
	p, ok := s.lines.of(keys(key)[0]).(*pipeline)
	if !ok {
		tb.Fatal("calls for a Cluster that has answered go by themselves")
	}
	return p
}

// accompanied is a store each of whose calls goes out in one write with that of another consumer.
type accompanied struct {
	clockRedis
	alone *sync.Mutex
}

func (s accompanied) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	s.alone.Lock()
	defer s.alone.Unlock()
	p := s.lines.lone
	p.mu.Lock()
	p.under, p.patience, p.vain = writesAtOnce, time.Minute, time.Time{}
	p.mu.Unlock()
	var out Outcome
	var err error
	var both sync.WaitGroup
	both.Go(func() { out, err = s.redisStore.Take(ctx, key, l, n) })
	both.Go(func() { _, _ = s.redisStore.Take(ctx, "companion", l, 1) })
	for waits, since := 0, time.Now(); waits < 2; {
		if time.Since(since) > waiting {
			panic("calls do not wait for each other")
		}
		time.Sleep(10 * us) // until both are there
		p.mu.Lock()
		waits = len(p.queue)
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.under = 1 // what a call does after its first goes by itself
	p.mu.Unlock()
	p.next()
	both.Wait()
	return out, err
}

func TestCallsInOneWriteThatGetNoAnswerAreMadeOnce(t *testing.T) {
	t.Parallel() // it waits
	for kind, start := range behindProxy {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p, c, addr := start(t)
			c.Timeout = aSecond
			s, direct := openRecord(t, c, limitScript), redis.NewClient(&redis.Options{Addr: addr})
			t.Cleanup(func() { _ = direct.Close() })
			limits, used, who := daily(t, 100), 0, []string{"a", "b", "c", "d"}
			for _, loss := range []network.Loss{network.Swallowed, network.HungUp, network.AllButAByte} {
				p.Mend()
				for _, key := range who {
					take(t, s, key, limits)
				}
				p.Lose(loss)
				// Without a deadline: there is time enough to call again.
				for i, got := range takeTogether(context.WithoutCancel(t.Context()), t, s, limits, who...) {
					if got.err == nil || errors.Is(got.err, errNothingDone) {
						t.Errorf("loss %d, call %d: %v; want an error that leaves open what was done", loss, i, got.err)
					}
				}
				used += 2
				for _, key := range who {
					if got := usedOf(t, direct, key); got != used {
						t.Errorf("loss %d: %d debited from %s, want %d", loss, got, key, used)
					}
				}
			}
		})
	}
}

func TestCallsInOneWriteSendAScriptThatRedisForgotAgainAndDebitOnce(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), limitScript)
			for i, want := range []int64{9, 8} {
				if err := s.client.ScriptFlush(t.Context()).Err(); err != nil {
					t.Fatal(err)
				}
				wantLeft(t, takeTogether(t.Context(), t, s, daily(t, 10), "a", "b", "c"), want, fmt.Sprint("request ", i+1))
			}
		})
	}
}

func wantLeft(t *testing.T, got []taken, want int64, when string) {
	t.Helper()
	for i, one := range got {
		if one.err != nil || one.out.Admitted != 1 || one.out.DayLeft != want {
			t.Errorf("%s: call %d gets %+v, %v; want %d left of the day", when, i, one.out, one.err, want)
		}
	}
}

// Of the calls in one write those whose slot moves, or has moved, are followed; the others are answered.
func TestCallsInOneWriteAreFollowedWhereASlotMoves(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 2)
	s := openRecord(t, byNodes(t, addrs...), limitScript)
	slot := keySlot(t, addrs[0], "moving")
	from, to := addrs[slot*2/16384], addrs[1-slot*2/16384]
	stays := inSlot((slot/8192)*8192+(slot+1)%8192, 2) // at the same master
	who := append(inSlot(slot, 3), stays...)
	left := int64(100)
	all := func(when string, exact bool) {
		t.Helper()
		left--
		limits := daily(t, 100)
		if exact {
			limits.TPS = 50
		}
		wantLeft(t, takeTogether(t.Context(), t, s, limits, who...), left, when)
	}
	take(t, s, "first", Limits{TPS: 1}) // the client knows the masters then
	all("before", false)
	redistest.BeginMove(t, slot, from, to)
	all("while the keys are where they were", false)
	all("while rings are nowhere", true)
	redistest.MoveKeys(t, slot, from, to)
	all("while the slot is where it was", false)
	redistest.MoveSlot(t, slot, from, to)
	all("after", true)
	all("and again", false)
}

func TestWhatTheClientOfAClusterFollowsACallInASharedWriteDoesToo(t *testing.T) {
	for text, want := range map[string]bool{
		"MOVED 3999 127.0.0.1:6381": true, "ASK 3999 127.0.0.1:6381": true, "READONLY You can't write against a read only replica.": true,
		"LOADING Redis is loading the dataset in memory": false, "TRYAGAIN Multiple keys request during rehashing of slot": false,
	} {
		if got := (clusterSender{}).follows(refusal(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if !(clusterSender{}).follows(redis.ErrClosed) || (clusterSender{}).follows(io.EOF) {
		t.Error("a node that the client has forgotten is followed, and no connection that breaks")
	}
}

// Until a Cluster has answered its client may not know its masters: calls go by themselves.
func TestCallsForAClusterThatHasNotAnsweredGoByThemselves(t *testing.T) {
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	t.Cleanup(func() { _ = client.Close() })
	p := newPipelines(client, patience, func(key string) string { return "master of " + key })
	if got := p.of("a"); got != caller(client) {
		t.Errorf("they go by %T", got)
	}
	p.met()
	a := p.of("a")
	if a == caller(client) || p.of("a") != a {
		t.Error("a master has no pipeline of its own")
	}
	a.(*pipeline).under = 1
	for i := range maxMasters - 1 {
		p.of(strconv.Itoa(i))
	}
	if len(p.byAddr) != maxMasters || p.of("a") != a {
		t.Errorf("%d pipelines are kept, want all %d", len(p.byAddr), maxMasters)
	}
	p.of("one more")
	if len(p.byAddr) != 2 || p.of("a") != a {
		t.Errorf("%d pipelines are kept, want that in use and the last", len(p.byAddr))
	}
}

// go-redis tells none of the calls what Redis answers while it sets up their connection.
func TestCallsInOneWriteWhoseConnectionIsRefusedHaveDoneNothing(t *testing.T) {
	c := redisAt(redistest.Start(t))
	c.Database = 99
	s := openRecord(t, c, limitScript)
	for i, got := range takeTogether(t.Context(), t, s, Limits{TPS: 10}, "a", "b", "c") {
		if !errors.Is(got.err, errNothingDone) || !answered(got.err) || errors.Is(got.err, errLost) {
			t.Errorf("call %d ends with %v; want the refusal, and that nothing was done", i, got.err)
		}
	}
}

// Else each call would ask for the masters, past its deadline.
func TestAnErrorDoesNotMeanThatAClustersMastersAreKnown(t *testing.T) {
	s := openRecord(t, byNodes(t, redistest.Start(t)), limitScript) // it says that it is no Cluster
	if _, err := s.Take(t.Context(), "a", Limits{TPS: 10}, 1); !answered(err) {
		t.Fatalf("%v, want an error that Redis answers", err)
	}
	if s.lines.known.Load() {
		t.Error("its masters are held to be known")
	}
}

func TestCallsTogetherForAClusterThatIsNowhereHaveDoneNothing(t *testing.T) {
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	t.Cleanup(func() { _ = client.Close() })
	calls := []redis.Cmder{aCallFor("a"), aCallFor("b")}
	clusterSender{client}.together(t.Context(), calls)
	for i, call := range calls {
		if !nothingDone(call.Err()) {
			t.Errorf("call %d ends with %v", i, call.Err())
		}
	}
}

// A closed store has its waiting calls end at once: nothing was done.
func TestCallsThatWaitWhenTheStoreIsClosedEnd(t *testing.T) {
	s := openRedis(t, redistest.Start(t), limitScript)
	take(t, s, "a", Limits{TPS: 10})
	p := s.lines.lone
	p.under, p.patience = writesAtOnce, time.Minute
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() {
			_, err := s.Take(context.Background(), "a", Limits{TPS: 10}, 1)
			ended <- err
		}()
	}
	eventually.Holds(t, waiting, "calls that wait", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.queue) == cap(ended)
	})
	_ = s.Close()
	p.next()
	for range cap(ended) {
		if err := <-ended; !errors.Is(err, redis.ErrClosed) || !errors.Is(err, errNothingDone) {
			t.Errorf("a call that waited ends with %v", err)
		}
	}
}
