package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/midday"
	"tollgate/test/node"
)

// run is one case.
type run struct {
	scenario
	scale scale
	stage stage
	nodes []*node.Node
	load  *load

	// began and ended are when the trouble did, and well when Redis answered all nodes again.
	started, began, ended, well time.Time
	silent                      []silence // of the nodes that must go on without Redis
	samples                     samples
	used                        map[string]int64 // by tier
	unknown                     int64
}

// startRun starts the Redis, the nodes and their load, and returns once the nodes count with each other.
func startRun(t *testing.T, c scenario, s scale) *run {
	t.Helper()
	r := &run{scenario: c, scale: s, used: map[string]int64{}}
	for i := range c.nodes {
		r.nodes = append(r.nodes, node.New(t, fmt.Sprint(i), 0))
	}
	r.stage = c.set(t, c.nodes, s)
	r.load = &load{stop: make(chan struct{})}
	for _, one := range s.tiers() {
		name := one.name
		if r.stage.named != nil {
			name = r.stage.named(one.name)
		}
		r.load.clients = append(r.load.clients, client{one, name})
	}
	zone := midday.Zone(time.Now())
	for i, n := range r.nodes {
		var configs []string
		for _, c := range r.load.clients {
			configs = append(configs, r.config(t, i, c.tier, zone))
		}
		r.load.configs = append(r.load.configs, configs)
		n.Await(t)
	}
	t.Cleanup(func() { r.load.end() })
	for i, n := range r.nodes {
		r.load.running.Go(func() { r.load.drive(i, n, s.rate) })
	}
	eventually.Holds(t, node.Patience, "the nodes to count each other", func() bool {
		return !slices.ContainsFunc(r.nodes, func(n *node.Node) bool {
			seen := n.Seen(t)
			return seen.LiveNodes != c.nodes || seen.State != "answers"
		})
	})
	return r
}

// config is the configuration of a node for a tier.
func (r *run) config(t *testing.T, number int, of tier, zone string) string {
	t.Helper()
	limits := map[string]any{"name": of.name, "quota_timezone": zone}
	for name, limit := range map[string]int64{"tps": of.tps, "burst": of.burst, "daily_quota": of.quota} {
		if limit > 0 {
			limits[name] = limit
		}
	}
	record := r.stage.record(number)
	record["timeout"] = r.timeout(r.scale).Milliseconds()
	config, err := json.Marshal(map[string]any{
		"tiers": []any{limits}, "default_tier": of.name, "log_decision": "all", "redis": record,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(config)
}

// play has the trouble come and go under the load.
func (r *run) play(t *testing.T) {
	t.Helper()
	r.started = time.Now()
	r.pass(t, r.scale.quiet, nil)
	r.began = time.Now()
	r.stage.begin()
	after := r.scale.after
	if r.brief {
		after += r.scale.trouble
	} else {
		r.silence(t)
		r.pass(t, r.scale.trouble-time.Since(r.began), r.stage.again)
		for i := range r.silent {
			r.silent[i].end(t)
		}
	}
	r.stage.end()
	r.ended = time.Now()
	r.recover(t)
	r.well = time.Now()
	if r.stage.late != nil {
		r.stage.late()
	}
	r.pass(t, after, nil)
	r.recover(t)
	r.samples = r.load.end()
	r.settle(t)
}

// settle reads what Redis has counted once it was told everything.
func (r *run) settle(t *testing.T) {
	t.Helper()
	for _, n := range r.nodes {
		eventually.Holds(t, node.Patience, "the day to be told what was admitted without Redis", func() bool { return n.Settled(t) })
	}
	for _, c := range r.load.clients {
		if c.tier.quota > 0 {
			r.used[c.tier.name] = r.stage.used(t, c.consumer)
		}
	}
	for _, n := range r.nodes {
		r.unknown += int64(n.Metric(t, "tollgate_tiered_limit_unknown_debits_total"))
	}
}

// pass lets time pass, and does something ten times a second.
func (r *run) pass(t *testing.T, d time.Duration, again func()) {
	t.Helper()
	const often = 100 * time.Millisecond
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	for over := time.Now().Add(d); ; {
		if again != nil {
			again()
		}
		<-ticker.C
		if time.Now().After(over) {
			return
		}
	}
}

// recover waits until Redis answers all nodes.
func (r *run) recover(t *testing.T) {
	t.Helper()
	since := time.Now()
	eventually.Holds(t, node.Patience, "Redis to answer all nodes again", func() bool {
		return r.load.byRedis(len(r.nodes), since) &&
			!slices.ContainsFunc(r.nodes, func(n *node.Node) bool { return n.Seen(t).State != "answers" })
	})
}
