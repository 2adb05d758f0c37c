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
	"go.uber.org/goleak"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
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
