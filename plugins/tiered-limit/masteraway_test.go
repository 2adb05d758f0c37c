package tieredlimit

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/internal/kongtest"
	"tollgate/test/eventually"
	"tollgate/test/redistest"
)

// A master that hangs has its own consumers do without it, and no others, wherever its slots end.
func TestAMasterThatHangsCostsTheOthersNothing(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 3)
	c := byNodes(t, addrs...)
	c.Timeout = aSecond / 2
	s := openRecord(t, c, limitScript)
	g, log := guarded(s)
	g = newClusterGuard(s, c.timeout(), g.metrics, g.log, s.masterOf)
	const hangs, each = 1, 30
	var ends [6]string // of the slots of three masters
	for i, slot := range [...]int{0, 5460, 5461, 10921, 10922, 16383} {
		ends[i] = inSlot(slot, 1)[0]
		if got := s.masterOf(ends[i]); got != addrs[i/2] {
			t.Errorf("slot %d is at %s, want %s", slot, got, addrs[i/2])
		}
	}
	failures := func() (by [3]int) {
		for i, key := range ends {
			for range each {
				if _, err := g.Take(t.Context(), key, Limits{TPS: 1000}, 1); err != nil {
					by[i/2]++
				}
			}
		}
		return by
	}
	if by := failures(); by != [3]int{} {
		t.Fatalf("%v failures at each master before: %s", by, log)
	}
	paused := redis.NewClient(&redis.Options{Addr: addrs[hangs]})
	t.Cleanup(func() { _ = paused.Close() })
	if err := paused.Do(t.Context(), "client", "pause", time.Minute.Milliseconds(), "write").Err(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if by := failures(); by != [3]int{hangs: 2 * each} {
		t.Errorf("%v failures at each master, want %d at the one that hangs", by, 2*each)
	}
	if took, most := time.Since(start), 2*tripAfter*c.timeout(); took > most {
		t.Errorf("the requests waited %v, want no more than %v", took, most)
	}
	wantState(t, g, statePartly, 2.0/3)
	if err := paused.Do(t.Context(), "client", "unpause").Err(); err != nil {
		t.Fatal(err)
	}
	eventually.Holds(t, waiting, "it to be asked again", func() bool {
		var probes sync.WaitGroup
		g.probe(t.Context(), &probes)
		probes.Wait()
		state, _, _ := g.state()
		return state == stateAnswers
	})
	if by := failures(); by != [3]int{} {
		t.Errorf("%v failures at each master after", by)
	}
}

// The plugin as it is built counts by masters: one that is away is a part of its Cluster.
func TestAPluginWithAClusterOfWhichAMasterIsAwayHasAPart(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 3)
	p, _ := open(t)
	h := build(t, p, fmt.Sprintf(`{
		"tiers": [{"name": "free", "tps": 1000}], "default_tier": "free",
		"redis": {"cluster_nodes": [{"ip": "127.0.0.1", "port": %d}], "timeout": %d}}`, redistest.Port(t, addrs[0]), aSecond/2))
	// all asks for some consumers of each master.
	all := func() {
		for i := range 60 {
			(&kongtest.Kong{Consumer: &kongtest.Consumer{ID: fmt.Sprint("c", i)}}).Run(t, h)
		}
	}
	eventually.Holds(t, waiting, "a cluster that answers", func() bool { all(); return reportOf(t, p).State == stateAnswers })
	redistest.Await(t, addrs[1], "a master that hangs", func(c *redis.Client) bool {
		return c.Do(t.Context(), "client", "pause", time.Minute.Milliseconds(), "write").Err() == nil
	})
	eventually.Holds(t, waiting, "a part", func() bool { all(); return reportOf(t, p).State != stateAnswers })
	if got := reportOf(t, p); got.State != statePartly || got.Connections[0].Breaker != positionOpen {
		t.Errorf("reported %+v", got)
	}
}

// A gateway that starts while one master is away, and that nobody asks at first, finds the others: also where the one is
// that counts the gateways.
func TestAGatewayThatStartsWhileAMasterIsAwayFindsTheOthers(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	cluster := redistest.NewCluster(t, 3)
	s := openRecord(t, byNodes(t, cluster.Addrs()...), limitScript)
	take(t, s, nodesTag, Limits{TPS: 1})
	away := slices.Index(cluster.Addrs(), s.masterOf(nodesTag))
	living := cluster.Addrs()[(away+1)%3]
	for _, addr := range cluster.Addrs() {
		redistest.Await(t, addr, "the setting", func(c *redis.Client) bool {
			return c.ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err() == nil
		})
	}
	cluster.Masters[away].Close()
	redistest.Await(t, living, "word of the death", func(c *redis.Client) bool {
		return strings.Contains(c.ClusterNodes(t.Context()).Val(), "master,fail ")
	})
	p, log := open(t)
	h := build(t, p, fmt.Sprintf(`{
		"tiers": [{"name": "free", "tps": 1000}], "default_tier": "free", "on_redis_error": "deny",
		"redis": {"cluster_nodes": [{"ip": "127.0.0.1", "port": %d}], "timeout": %d}}`, redistest.Port(t, living), aSecond))
	eventually.Holds(t, 20*time.Second, "a part", func() bool { return reportOf(t, p).State == statePartly })
	for i := range 60 {
		consumer := &kongtest.Consumer{ID: fmt.Sprint("c", i)}
		denied := (&kongtest.Kong{Consumer: consumer}).Run(t, h).Exit != nil
		if want := s.masterOf("default:consumer:"+consumer.ID) == cluster.Addrs()[away]; denied != want {
			t.Errorf("%s is denied %v, want %v: %s", consumer.ID, denied, want, log)
		}
	}
	if said := log.String(); strings.Count(said, "masters_away=1 masters=3") != 1 || strings.Contains(said, "redis answers again") {
		t.Errorf("logged %s", said)
	}
}

// Where a master has died and has no replica, Redis' default refuses all slots, and the setting that is documented
// none but its own.
func TestAMasterThatDiesCostsTheOthersWhatTheClusterIsToldTo(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	cluster := redistest.NewCluster(t, 3)
	addrs := cluster.Addrs()
	const dead = 1
	s := openRecord(t, byNodes(t, addrs...), limitScript)
	g := newClusterGuard(s, 5*time.Second, newMetrics(nil), slog.New(slog.DiscardHandler), s.masterOf)
	var each [3]string
	for i := range each {
		each[i] = inSlot(16384*i/3+1, 1)[0]
		take(t, s, each[i], Limits{TPS: 1000})
	}
	cluster.Masters[dead].Close()
	living := []int{0, 2}
	for _, i := range living {
		redistest.Await(t, addrs[i], "word of the death", func(c *redis.Client) bool {
			return strings.Contains(c.ClusterInfo(t.Context()).Val(), "cluster_state:fail")
		})
		if _, err := s.Take(t.Context(), each[i], Limits{TPS: 1000}, 1); err == nil || !strings.Contains(err.Error(), "CLUSTERDOWN") {
			t.Errorf("by default a consumer of a healthy master gets %v", err)
		}
	}
	for _, i := range living {
		redistest.Await(t, addrs[i], "the setting", func(c *redis.Client) bool {
			return c.ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err() == nil
		})
		redistest.Await(t, addrs[i], "a part that answers", func(c *redis.Client) bool {
			return strings.Contains(c.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
		})
	}
	var failed [3]int
	const requests = 2 * tripBad
	for range requests {
		for i, key := range each {
			if _, err := g.Take(t.Context(), key, Limits{TPS: 1000}, 1); err != nil {
				failed[i]++
			}
		}
	}
	if want := [3]int{dead: requests}; failed != want {
		t.Errorf("%v requests failed at each master, want %v", failed, want)
	}
	wantState(t, g, statePartly, 2.0/3)
}
