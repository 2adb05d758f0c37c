package scale

import (
	"encoding/json"
	"net"
	"strconv"
	"testing"
	"time"

	"tollgate/test/midday"
)

// kind is a kind of tier.
type kind struct {
	name              string
	tps, burst, quota int64
}

const (
	endless  = 1_000_000_000 // a quota that no load uses up
	patience = time.Minute   // for what other processes do
)

// kinds are those whose cost differs. The rate is the highest that one consumer can have without a burst.
func kinds() []kind {
	return []kind{
		{"exact rate + day", 10_000, 0, endless},
		{"burst + day", 1_000_000, 1_000_000, endless},
		{"day only", 0, 0, endless},
	}
}

// config is a configuration of the plugin in which all consumers have a tier of this kind. It is more patient
// with Redis than a gateway should be: a busy machine is not what is measured. Where Redis does not answer
// nothing passes, which fails the measurement, but where that is measured.
func (k kind) config(t *testing.T, addrs []string, onError string) string {
	t.Helper()
	tier := map[string]any{"name": "t"}
	for name, value := range map[string]int64{"tps": k.tps, "burst": k.burst, "daily_quota": k.quota} {
		if value > 0 {
			tier[name] = value
		}
	}
	if k.quota > 0 {
		tier["quota_timezone"] = midday.Zone(time.Now())
	}
	config, err := json.Marshal(map[string]any{
		"tiers": []any{tier}, "default_tier": "t", "on_redis_error": onError, "redis": record(t, addrs),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(config)
}

// record says where Redis is: one, or the nodes of a cluster.
func record(t *testing.T, addrs []string) map[string]any {
	t.Helper()
	var nodes []map[string]any
	for _, addr := range addrs {
		host, text, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, map[string]any{"ip": host, "port": port})
	}
	const timeout = 10_000 // milliseconds
	if len(nodes) == 1 {
		return map[string]any{"host": nodes[0]["ip"], "port": nodes[0]["port"], "timeout": timeout}
	}
	return map[string]any{"cluster_nodes": nodes, "timeout": timeout}
}

// dayStarts are those about now in the zone of config.
func dayStarts(now time.Time) [4]int64 {
	zone, err := time.LoadLocation(midday.Zone(now))
	if err != nil {
		panic(err) // of a name that is a constant of this repository
	}
	local := now.In(zone)
	return startsFrom(time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone).AddDate(0, 0, -1))
}

// startsFrom are a day's start and the next three.
func startsFrom(first time.Time) (starts [4]int64) {
	for i := range starts {
		starts[i] = first.AddDate(0, 0, i).Unix()
	}
	return starts
}
