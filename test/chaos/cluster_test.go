package chaos

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

// clusterSlots are those of every cluster, and masters share them evenly.
const clusterSlots, masters = 16384, 3

// clustered is a stage on a cluster. The counts of all consumers lie at its first master.
func clustered(t *testing.T, c *redistest.Cluster) stage {
	t.Helper()
	return stage{
		record: func(int) map[string]any {
			var nodes []any
			for _, addr := range c.Addrs() {
				nodes = append(nodes, map[string]any{"ip": "127.0.0.1", "port": redistest.Port(t, addr)})
			}
			return map[string]any{"cluster_nodes": nodes}
		},
		open:  func() redis.UniversalClient { return redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()}) },
		named: func(tier string) string { return slotNamed(t, c.Addrs()[0], tier, clusterSlots/masters) },
	}
}

// resharded moves the slots of the consumers from master to master, one at a time, with the keys in them.
func resharded(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	c := redistest.NewCluster(t, masters)
	addrs := c.Addrs()
	s := clustered(t, c)
	var slots []int
	at, turn := map[int]int{}, 0
	s.begin = func() {
		for _, tier := range []string{exact, bucket, day} {
			slots = append(slots, redistest.Slot(t, addrs[0], stateKey(s.named(tier))))
		}
	}
	s.again = func() {
		slot := slots[turn%len(slots)]
		from, to, other := addrs[at[slot]], addrs[(at[slot]+1)%masters], addrs[(at[slot]+2)%masters]
		redistest.BeginMove(t, slot, from, to)
		redistest.MoveKeys(t, slot, from, to)
		redistest.MoveSlot(t, slot, from, to, other)
		at[slot], turn = (at[slot]+1)%masters, turn+1
	}
	s.end = func() {
		if turn == 0 {
			t.Error("no slot was moved")
		}
	}
	return s
}

func clusterKilled(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	c := redistest.NewCluster(t, masters)
	heir := c.AddReplica(t, 0)
	s := clustered(t, c)
	s.begin = c.Masters[0].Close
	s.end = func() {
		redistest.Await(t, heir.Addr, "a new master", func(c *redis.Client) bool {
			return strings.Contains(c.Info(t.Context(), "replication").Val(), "role:master")
		})
	}
	return s
}
