// Command stock serves tiered-limit on go-pdk's own server, for benchkong: each call to Kong is waited for. They are
// made as go-pdk offers them, or encoded by our own code.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/Kong/go-pdk"
	"github.com/Kong/go-pdk/server"
	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	tieredlimit "tollgate/plugins/tiered-limit"
)

// config is what Kong gives the plugin; go-pdk makes the schema of its exported fields.
type config struct {
	RedisHost     string `json:"redis_host"`
	RedisPort     int    `json:"redis_port"`
	RedisPassword string `json:"redis_password"`
	OwnCalls      bool   `json:"own_calls"`

	build sync.Once
	limit plugin.Handler
	calls sync.Pool // of *calls
}

// Access is called by go-pdk's server, on one config for all requests of an instance.
func (c *config) Access(k *pdk.PDK) {
	c.build.Do(func() { c.limit = c.handler() })
	if c.OwnCalls {
		c.limit.Access(context.Background(), &kong.Request{PDK: k})
		return
	}
	one, ok := c.calls.Get().(*calls)
	if !ok {
		one = newCalls()
	}
	one.kong = k
	c.limit.Access(context.Background(), one.request)
	c.calls.Put(one)
}

func (c *config) handler() plugin.Handler {
	text, err := json.Marshal(map[string]any{
		"tiers":        []map[string]any{{"name": "free", "tps": 10_000, "daily_quota": 1_000_000_000}},
		"default_tier": "free", "namespace": "stock",
		"redis": map[string]any{"host": c.RedisHost, "port": c.RedisPort, "password": c.RedisPassword, "timeout": 1000},
	})
	if err != nil {
		panic(err)
	}
	limit := tieredlimit.New(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now})
	h, err := limit.Build(text)
	if err != nil {
		panic(err)
	}
	return h
}

func main() {
	const priority = 920
	if err := server.StartServer(func() any { return &config{} }, "0.1.0", priority); err != nil {
		slog.Error("serving on go-pdk's server", "error", err)
		os.Exit(1)
	}
}
