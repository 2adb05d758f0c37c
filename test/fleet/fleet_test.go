package fleet

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/midday"
	"tollgate/test/node"
	"tollgate/test/redistest"
)

// fleet is several nodes on one Redis.
type fleet struct {
	nodes  []*node.Node
	addr   string
	client *redis.Client
	record *record
}

// startFleet starts a node for each clock, and records what Redis does from the first on.
func startFleet(t *testing.T, clocks ...time.Duration) *fleet {
	t.Helper()
	f := &fleet{addr: redistest.Start(t)}
	f.client = redis.NewClient(&redis.Options{Addr: f.addr})
	t.Cleanup(func() { _ = f.client.Close() })
	f.record = startRecord(t, f.addr)
	for i, ahead := range clocks {
		f.nodes = append(f.nodes, node.New(t, fmt.Sprint(i), ahead))
	}
	for _, n := range f.nodes {
		n.Await(t)
	}
	return f
}

// skewed are clocks that are off by as much as clocks are that nobody looks after.
func skewed() []time.Duration { return []time.Duration{time.Second, 0, -time.Second} }

// limits are those of the one tier of a configuration.
type limits struct {
	TPS   int64 `json:"tps,omitempty"`
	Burst int64 `json:"burst,omitempty"`
	Quota int64 `json:"daily_quota,omitempty"`
}

// config is a configuration of tiered-limit. It is patient with Redis, and rejects where Redis does not
// answer, with a status that no limit has: the load reports it.
func (f *fleet) config(t *testing.T, l limits) string {
	t.Helper()
	return configAt(t, f.addr, 10*time.Second, "deny", l)
}

// configAt is one with the Redis at an address.
func configAt(t *testing.T, addr string, timeout time.Duration, onError string, l limits) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	tier := struct {
		limits
		Name string `json:"name"`
		Zone string `json:"quota_timezone,omitempty"`
	}{limits: l, Name: "t"}
	if l.Quota > 0 {
		tier.Zone = midday.Zone(time.Now())
	}
	config, err := json.Marshal(map[string]any{
		"tiers": []any{tier}, "default_tier": "t", "on_redis_error": onError,
		"redis": map[string]any{"host": host, "port": number, "timeout": timeout.Milliseconds()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(config)
}
