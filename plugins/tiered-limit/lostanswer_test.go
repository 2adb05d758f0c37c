package tieredlimit

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/network"
	"tollgate/test/redistest"
)

// behindProxy starts a Redis that is reached by a proxy, and how to reach it past that.
var behindProxy = map[string]func(*testing.T) (*network.Link, Redis, string){
	"a single server": func(t *testing.T) (*network.Link, Redis, string) {
		addr := redistest.Start(t)
		p := network.Start(t, addr)
		return p, redisAt(p.Addr), addr
	},
	"a cluster": func(t *testing.T) (*network.Link, Redis, string) {
		addr := redistest.StartCluster(t, 1)[0]
		p := network.Start(t, addr)
		_, port, _ := net.SplitHostPort(p.Addr)
		redistest.Await(t, addr, "another address", func(c *redis.Client) bool {
			return c.ConfigSet(t.Context(), "cluster-announce-port", port).Err() == nil
		})
		return p, byNodes(t, p.Addr), addr
	},
}

// An answer that does not come, in whatever way, leaves the debit that was made, and makes no other.
func TestACallWhoseAnswerIsLostIsMadeOnce(t *testing.T) {
	t.Parallel() // it waits
	for kind, start := range behindProxy {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p, c, addr := start(t)
			c.Timeout = aSecond
			s, direct := openRecord(t, c, limitScript), redis.NewClient(&redis.Options{Addr: addr})
			t.Cleanup(func() { _ = direct.Close() })
			limits, used := daily(t, 100), 0
			for _, loss := range []network.Loss{network.Swallowed, network.HungUp, network.AllButAByte} {
				p.Mend()
				take(t, s, "a", limits)
				p.Lose(loss)
				// Without a deadline: there is time enough to call again.
				if _, err := s.Take(context.WithoutCancel(t.Context()), "a", limits, 1); err == nil || errors.Is(err, errNothingDone) {
					t.Errorf("loss %d: %v; want an error that leaves open what was done", loss, err)
				}
				used += 2
				if got := usedOf(t, direct, "a"); got != used {
					t.Errorf("loss %d: %d debited, want %d", loss, got, used)
				}
			}
		})
	}
}

// usedOf is how many requests the day of a key has admitted.
func usedOf(t *testing.T, client *redis.Client, key string) int {
	t.Helper()
	state, err := client.Get(t.Context(), keys(key)[0]).Result()
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(state, " ")
	used, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// The machine of an address goes, and another one takes its place: what leads to the old one leads nowhere.
func TestConnectionsThatLeadNowhereAreGivenUpTogether(t *testing.T) {
	t.Parallel() // it waits
	p := network.Start(t, redistest.Start(t))
	c := redisAt(p.Addr)
	c.Timeout = aSecond / 2
	s := openRecord(t, c, limitScript)
	const many = 30
	fill(t, s, many)
	p.Strand()
	failed := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), c.timeout())
		_, err := s.Take(ctx, "a", Limits{TPS: 1000}, 1)
		cancel()
		if err == nil {
			break
		}
		if failed++; failed > silentAfter {
			t.Fatalf("after %d calls: %v", failed, err)
		}
	}
	if failed == 0 {
		t.Error("no connection led nowhere")
	}
}

// One that breaks has the others looked at with suspicion: none is used again.
func TestConnectionsAreGivenUpWhereOneHasBroken(t *testing.T) {
	p := network.Start(t, redistest.Start(t))
	s := openRecord(t, redisAt(p.Addr), limitScript)
	fill(t, s, 5)
	p.Lose(network.HungUp)
	if _, err := s.Take(t.Context(), "a", Limits{TPS: 1000}, 1); err == nil {
		t.Fatal("an answer that was lost came")
	}
	p.Mend()
	before := p.Dials()
	take(t, s, "a", Limits{TPS: 1000})
	if p.Dials() == before {
		t.Error("a connection of before was used")
	}
}

// fill opens so many connections, and leaves them in the pool.
func fill(t *testing.T, s *redisStore, many int) {
	t.Helper()
	for _, conn := range hold(t, s, many) {
		_ = conn.Close()
	}
	take(t, s, "a", Limits{TPS: 1000})
	if n := int(s.client.(*redis.Client).PoolStats().IdleConns); n < many {
		t.Fatalf("%d connections in the pool, want %d", n, many)
	}
}

// hold takes so many connections from the pool, which are opened as needed.
func hold(t *testing.T, s *redisStore, many int) []*redis.Conn {
	t.Helper()
	client := s.client.(*redis.Client)
	held := make([]*redis.Conn, many)
	var open sync.WaitGroup
	for i := range held {
		held[i] = client.Conn()
		open.Go(func() {
			if err := held[i].Ping(t.Context()).Err(); err != nil {
				t.Error(err)
			}
		})
	}
	open.Wait()
	return held
}

// While Redis is away few connections are tried at once, however many ask.
func TestARedisThatIsAwayIsNotStormed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := redisAt(l.Addr().String())
	c.Timeout, c.SSL = 300, true // the handshake is not answered
	s := openRecord(t, c, limitScript)
	var open, most atomic.Int32
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil { // closed when the test ends
				return
			}
			most.Store(max(most.Load(), open.Add(1)))
			go func() {
				_, _ = io.Copy(io.Discard, conn) // until the client gives up
				_ = conn.Close()
				open.Add(-1)
			}()
		}
	}()
	var asking sync.WaitGroup
	for range 200 {
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout())
			defer cancel()
			_, _ = s.Take(ctx, "a", Limits{TPS: 1}, 1)
		})
	}
	asking.Wait()
	const slack = 2 // who has given up is seen a little later
	if got := most.Load(); got > slack*(dialsAtOnce+idleConnections) || got < dialsAtOnce {
		t.Errorf("%d connections at once for 200 requests, want %d", got, dialsAtOnce+idleConnections)
	}
}
