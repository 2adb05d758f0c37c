package tieredlimit

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// open returns the plugin as the server runs it, and the log of its process.
func open(t *testing.T) (plugin.Plugin, *journal) {
	t.Helper()
	log := &journal{}
	p := New(plugin.Deps{
		Log: slog.New(slog.NewTextHandler(log, nil)), Metrics: prometheus.NewRegistry(), Now: time.Now,
	})
	t.Cleanup(p.Close)
	return p, log
}

func build(t *testing.T, p plugin.Plugin, config string) plugin.Handler {
	t.Helper()
	h, err := p.Build([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// configFor is a configuration with the Redis at addr, whose free tier has a quota of three.
func configFor(addr, onError string) string {
	host, port, _ := net.SplitHostPort(addr)
	return fmt.Sprintf(`{
		"tiers": [{"name": "free", "tps": 1000, "daily_quota": 3}, {"name": "gold", "tps": 1000, "burst": 2000}],
		"default_tier": "free", "on_redis_error": %q, "redis": {"host": %q, "port": %s, "timeout": 1000}}`, onError, host, port)
}

func TestThePluginLimitsConsumersOverAllItsInstances(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			addr := start(t)
			p, _ := open(t)
			workers := []plugin.Handler{build(t, p, configFor(addr, "allow")), build(t, p, configFor(addr, "deny"))}
			statuses := map[int]int{}
			for i := range 10 {
				got := (&kongtest.Kong{Consumer: consumer()}).Run(t, workers[i%2])
				status := http.StatusOK
				if got.Exit != nil {
					status = got.Exit.Status
				}
				statuses[status]++
			}
			if statuses[http.StatusOK] != 3 || statuses[http.StatusTooManyRequests] != 7 {
				t.Errorf("answers by status %v, want three passed and seven rejected", statuses)
			}
			for range 10 {
				got := (&kongtest.Kong{Consumer: &kongtest.Consumer{ID: "c2", Tags: []string{"tier:gold"}}}).Run(t, workers[0])
				if got.Exit != nil {
					t.Errorf("a consumer of another tier got %d", got.Exit.Status)
				}
			}
		})
	}
}

func TestWithoutRedisRequestsFollowTheConfiguration(t *testing.T) {
	addr := unusedAddress(t)
	p, log := open(t)
	open, closed := build(t, p, configFor(addr, "allow")), build(t, p, configFor(addr, "deny"))
	for range 20 {
		if got := (&kongtest.Kong{Consumer: consumer()}).Run(t, open); got.Exit != nil {
			t.Errorf("allow: answered %d", got.Exit.Status)
		}
		if got := (&kongtest.Kong{Consumer: consumer()}).Run(t, closed); got.Exit == nil || got.Exit.Status != http.StatusServiceUnavailable {
			t.Errorf("deny: answered %+v, want 503", got.Exit)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "target="+addr) {
		t.Errorf("want one line with the address %s, got:\n%s", addr, log)
	}
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestInstancesWithTheSameRedisShareItsConnections(t *testing.T) {
	addr := redistest.Embedded(t).Addr()
	p, _ := open(t)
	a, b := build(t, p, configFor(addr, "allow")).(*handler), build(t, p, configFor(addr, "deny")).(*handler)
	other := build(t, p, strings.Replace(configFor(addr, "deny"), "1000}}", "999}}", 1)).(*handler)
	if a.limiter.counter.(*connection).front != b.limiter.counter.(*connection).front {
		t.Error("the same redis record has two stores")
	}
	if a.limiter.counter.(*connection).front == other.limiter.counter.(*connection).front {
		t.Error("different redis records have one store")
	}
}

// Two records that differ in what makes no difference are one.
func TestRecordsThatMeanTheSameShareConnections(t *testing.T) {
	for _, row := range []struct {
		name, one, other string
		share            bool
	}{
		{"sentinels in another order", `{"sentinel_master": "m", "sentinel_nodes": [{"host": "a"}, {"host": "b"}]}`, `{"sentinel_master": "m", "sentinel_nodes": [{"host": "b"}, {"host": "a"}]}`, true},
		{"a cluster's nodes in another order", `{"cluster_nodes": [{"ip": "a"}, {"ip": "a", "port": 7}]}`, `{"cluster_nodes": [{"ip": "a", "port": 7}, {"ip": "a"}]}`, true},
		{"the role that is implied", `{"sentinel_master": "m", "sentinel_nodes": [{"host": "a"}]}`, `{"sentinel_master": "m", "sentinel_role": "master", "sentinel_nodes": [{"host": "a"}]}`, true},
		{"a port beside a socket", `{"socket": "/s"}`, `{"socket": "/s", "port": 7}`, true},
		{"redirections without a cluster", `{"host": "a"}`, `{"host": "a", "cluster_max_redirections": 4}`, true},
		{"verification without TLS", `{"host": "a"}`, `{"host": "a", "ssl_verify": false, "server_name": "b"}`, true},
		{"another timeout", `{"host": "a"}`, `{"host": "a", "timeout": 60}`, false},
		{"another port", `{"host": "a"}`, `{"host": "a", "port": 7}`, false},
		{"another password", `{"host": "a", "password": "hunter2"}`, `{"host": "a", "password": "hunter3"}`, false},
		{"no verification", `{"host": "a", "ssl": true}`, `{"host": "a", "ssl": true, "ssl_verify": false}`, false},
		{"other redirections", `{"cluster_nodes": [{"ip": "a"}]}`, `{"cluster_nodes": [{"ip": "a"}], "cluster_max_redirections": 4}`, false},
	} {
		p, _ := open(t)
		one := build(t, p, string(withRedis(row.one))).(*handler).limiter.counter.(*connection)
		other := build(t, p, string(withRedis(row.other))).(*handler).limiter.counter.(*connection)
		if share := one == other; share != row.share {
			t.Errorf("%s: shared %v", row.name, share)
		}
	}
}

// Of a record that nobody has any more no connection is left at Redis, and those of another stay.
func TestAnOldRecordLeavesNoConnections(t *testing.T) {
	addr := redistest.StartWith(t, redisproc.Options{Settings: []string{
		"user old on >hunter2 ~* +@all", "user next on >hunter2 ~* +@all",
	}}).Addr
	p := New(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now})
	as := func(user string) plugin.Handler {
		h, err := p.Build([]byte(strings.Replace(configFor(addr, "deny"), "1000}}", `1000, "password": "hunter2", "username": "`+user+`"}}`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h); got.Exit != nil {
			t.Fatalf("answered %d", got.Exit.Status)
		}
		return h
	}
	connected := func(when string, old, next bool) {
		t.Helper()
		redistest.Await(t, addr, when, func(c *redis.Client) bool {
			list := c.ClientList(t.Context()).Val()
			return strings.Contains(list, "user=old") == old && strings.Contains(list, "user=next") == next
		})
	}
	before, after := as("old"), as("next")
	connected("connections of both", true, true)
	p.Close() // what has no instance goes at once, and not after half a minute
	before.Close()
	connected("connections of the new record alone", false, true)
	after.Close()
	connected("no connections", false, false)
}

// The heart says nothing of a right while nothing is done at all: the guard says that.
func TestOneCauseIsSaidOnce(t *testing.T) {
	addr := redistest.StartWith(t, redisproc.Options{Settings: []string{"user tollgate on >hunter2 ~other:* +@all"}}).Addr
	user := strings.Replace(configFor(addr, "deny"), "1000}}", `1000, "username": "tollgate", "password": "hunter2"}}`, 1)
	p, log := open(t)
	for config, want := range map[string]bool{user: true, configFor(addr, "deny"): false} {
		h := build(t, p, config).(*handler)
		(&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got := h.limiter.counter.(*connection).heart.told(nodesTag, errNotAllowed); got != want {
			t.Errorf("told %v, want %v", got, want)
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("logged %s", log)
	}
}

func TestABadConfigurationIsNotBuilt(t *testing.T) {
	p, _ := open(t)
	_, err := p.Build([]byte(`{"tiers": [{"name": "a"}, {"name": "a"}], "default_tier": "b", "redis": {"host": "h"}}`))
	if err == nil || !strings.Contains(err.Error(), "tiers.a") || !strings.Contains(err.Error(), "default_tier") {
		t.Errorf("error %v, want both problems", err)
	}
}

func TestClosingLeavesNothingBehind(t *testing.T) {
	addr := redistest.Embedded(t).Addr()
	before := goleak.IgnoreCurrent()
	p := New(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now})
	h, err := p.Build([]byte(configFor(addr, "deny")))
	if err != nil {
		t.Fatal(err)
	}
	if got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h); got.Exit != nil {
		t.Errorf("answered %d", got.Exit.Status)
	}
	h.Close()
	p.Close()
	goleak.VerifyNone(t, before,
		// miniredis' own, which end with its connections.
		goleak.IgnoreAnyFunction("github.com/alicebob/miniredis/v2/server.(*Server).ServeConn"),
		// go-redis keeps one clock for the process.
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.startGlobalTimeCache.func1"))
}
