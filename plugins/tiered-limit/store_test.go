package tieredlimit

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/test/redistest"
)

// clockStore is a store whose clock a test sets.
type clockStore interface {
	Store
	setClock(tb testing.TB, now time.Time)
}

// stores opens each kind of store, empty, on a clock that a test sets.
var stores = map[string]func(testing.TB) clockStore{
	"memory":   func(testing.TB) clockStore { return &memoryStore{accounts: map[string]*account{}} },
	"embedded": func(tb testing.TB) clockStore { return openClockRedis(tb, redistest.Embedded(tb).Addr()) },
	"redis":    func(tb testing.TB) clockStore { return openClockRedis(tb, redistest.Start(tb)) },
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

func (m *memoryStore) Take(_ context.Context, key string, l Limits) (Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.accounts[key] == nil {
		m.accounts[key] = &account{}
	}
	return m.accounts[key].take(l, m.now), nil
}

// The one line of the script that a test replaces: Redis' own time cannot be set.
const (
	readsTime  = "local time = redis.call('TIME')\n"
	readsClock = "local time = redis.call('MGET', 'clock:s', 'clock:us')\n"
)

// clockRedis is a redisStore whose script reads a clock that lies in Redis.
type clockRedis struct{ *redisStore }

func openClockRedis(tb testing.TB, addr string) clockRedis {
	tb.Helper()
	if n := strings.Count(limitScript, readsTime); n != 1 {
		tb.Fatalf("the script reads the time in %d lines, want 1", n)
	}
	return clockRedis{openRedis(tb, addr, strings.Replace(limitScript, readsTime, readsClock, 1))}
}

func openRedis(tb testing.TB, addr, script string) *redisStore {
	tb.Helper()
	s := newRedisStore(redisAt(addr), script)
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
	if err := c.client.MSet(tb.Context(), "clock:s", micros/second, "clock:us", micros%second).Err(); err != nil {
		tb.Fatalf("setting the clock: %v", err)
	}
}

func take(tb testing.TB, s Store, key string, l Limits) Outcome {
	tb.Helper()
	out, err := s.Take(tb.Context(), key, l)
	if err != nil {
		tb.Fatalf("taking from %s: %v", key, err)
	}
	return out
}
