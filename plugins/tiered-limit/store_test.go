package tieredlimit

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/test/redistest"
)

// clockStore is a store whose clock a test sets.
type clockStore interface {
	Store
	// setClock sets the store's clock and the node's.
	setClock(tb testing.TB, now time.Time)
	// setNode sets the node's clock alone.
	setNode(now time.Time)
}

// stores opens each kind of store, empty, on a clock that a test sets.
var stores = map[string]func(testing.TB) clockStore{
	"memory":   func(testing.TB) clockStore { return &memoryStore{accounts: map[string]*account{}} },
	"embedded": func(tb testing.TB) clockStore { return openClockRedis(tb, redistest.Embedded(tb).Addr()) },
	"redis":    func(tb testing.TB) clockStore { return openClockRedis(tb, redistest.Start(tb)) },
	"redis, in one write with others": func(tb testing.TB) clockStore {
		return accompanied{openClockRedis(tb, redistest.Start(tb)), new(sync.Mutex)}
	},
}

// servers start each kind of Redis.
var servers = map[string]func(testing.TB) string{
	"embedded": func(tb testing.TB) string { return redistest.Embedded(tb).Addr() },
	"redis":    redistest.Start,
}

// memoryStore is the algorithm without Redis: the oracle of the script.
type memoryStore struct {
	mu       sync.Mutex
	now      time.Time
	accounts map[string]*account
}

func (m *memoryStore) setClock(_ testing.TB, now time.Time) { m.now = now }

func (m *memoryStore) setNode(time.Time) {} // it has no other clock

func (m *memoryStore) Take(_ context.Context, key string, l Limits, n int64) (Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.accounts[key] == nil {
		m.accounts[key] = &account{}
	}
	return m.accounts[key].take(l, m.now, n), nil
}

// The one line of the script that a test replaces: Redis' own time cannot be set.
const (
	readsTime  = "local time = redis.call('TIME')\n"
	readsClock = "local time = redis.call('MGET', 'clock:s', 'clock:us')\n"
)

// clockRedis is a redisStore whose script reads a clock that lies in Redis.
type clockRedis struct {
	*redisStore
	node *atomic.Int64 // the node's clock, in microseconds since 1970
}

func (c clockRedis) setNode(now time.Time) { c.node.Store(now.UnixMicro()) }

func (c clockRedis) nodeTime() time.Time { return time.UnixMicro(c.node.Load()) }

// zones are the calendars of the tests: one for each zone, as in a process.
var zones calendars

// daysOf returns the calendar of a zone.
func daysOf(tb testing.TB, zone string) *calendar {
	tb.Helper()
	found, err := zones.of(zone)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

func openClockRedis(tb testing.TB, addr string) clockRedis {
	tb.Helper()
	if n := strings.Count(limitScript, readsTime); n != 1 {
		tb.Fatalf("the script reads the time in %d lines, want 1", n)
	}
	s := openRedis(tb, addr, strings.Replace(limitScript, readsTime, readsClock, 1))
	clock := clockRedis{s, new(atomic.Int64)}
	s.now = clock.nodeTime
	return clock
}

func openRedis(tb testing.TB, addr, script string) *redisStore {
	tb.Helper()
	return openRecord(tb, redisAt(addr), script)
}

func openRecord(tb testing.TB, c Redis, script string) *redisStore {
	tb.Helper()
	s, err := newRedisStore(c, script, time.Now)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// redisAt is a redis record for a server on this machine, patient with a loaded one.
func redisAt(addr string) Redis {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		panic(err)
	}
	return Redis{Host: host, Port: n, Timeout: 5000}
}

func (c clockRedis) setClock(tb testing.TB, now time.Time) {
	tb.Helper()
	micros := now.UnixMicro()
	c.node.Store(micros)
	if err := c.client.MSet(tb.Context(), "clock:s", micros/second, "clock:us", micros%second).Err(); err != nil {
		tb.Fatalf("setting the clock: %v", err)
	}
}

// take takes one.
func take(tb testing.TB, s Store, key string, l Limits) Outcome {
	tb.Helper()
	return takeN(tb, s, key, l, 1)
}

func takeN(tb testing.TB, s Store, key string, l Limits, n int64) Outcome {
	tb.Helper()
	out, err := s.Take(tb.Context(), key, l, n)
	if err != nil {
		tb.Fatalf("taking from %s: %v", key, err)
	}
	return out
}
