package redistest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/freeport"
	"tollgate/test/redisproc"
)

// MasterName is what the sentinels call their master.
const MasterName = "mymaster"

// Sentinels are a master, its replica, and three sentinels that watch over them.
type Sentinels struct {
	// Master and Replica are what they were at the start.
	Master, Replica *redisproc.Server
	Nodes           []*redisproc.Server
}

// StartSentinels returns once the sentinels know each other and the replica, until the test ends.
func StartSentinels(tb testing.TB) *Sentinels {
	tb.Helper()
	const quorum, count = 2, 3
	master := StartWith(tb, redisproc.Options{File: true, Settings: []string{"repl-diskless-sync-delay 0"}}) // for more replicas to come
	replica := StartWith(tb, redisproc.Options{File: true, Settings: []string{
		"replicaof " + strings.Replace(master.Addr, ":", " ", 1),
	}})
	Await(tb, replica.Addr, "a replica in step", func(c *redis.Client) bool {
		return strings.Contains(c.Info(tb.Context(), "replication").Val(), "master_link_status:up")
	})
	s := &Sentinels{Master: master, Replica: replica}
	for i, settings := range acquainted(tb, replica.Addr, count) {
		node, err := redisproc.StartSentinel(redisproc.SentinelOptions{
			Port: settings.port, Folder: tb.TempDir(), Master: master.Addr, Name: MasterName, Quorum: quorum, Settings: settings.lines,
		})
		if err != nil {
			err = fmt.Errorf("sentinel %d: %w", i+1, err)
		}
		s.Nodes = append(s.Nodes, started(tb, node, err))
	}
	for _, node := range s.Nodes {
		Await(tb, node.Addr, "sentinels that know each other", func(c *redis.Client) bool {
			info := c.Info(tb.Context(), "sentinel").Val()
			return strings.Contains(info, "status=ok") && strings.Contains(info, "slaves=1,sentinels=3")
		})
	}
	return s
}

// StartSentinel runs one that watches over a master called MasterName, alone, until the test ends. Its folder is
// the test's.
func StartSentinel(tb testing.TB, o redisproc.SentinelOptions) *redisproc.Server {
	tb.Helper()
	o.Folder, o.Name, o.Quorum = tb.TempDir(), MasterName, 1
	node, err := redisproc.StartSentinel(o)
	return started(tb, node, err)
}

// acquaintance is what one sentinel is told at its start.
type acquaintance struct {
	port  int
	lines []string
}

// acquainted has each sentinel know the others and the replica from the start, as its file would have it after
// a while: that takes them seconds.
func acquainted(tb testing.TB, replica string, count int) []acquaintance {
	tb.Helper()
	all := make([]acquaintance, count)
	for i := range all {
		port, err := freeport.Take()
		if err != nil {
			tb.Fatal(err)
		}
		all[i].port = port
	}
	id := func(i int) string { return fmt.Sprintf("%040x", i+1) }
	for i := range all {
		all[i].lines = []string{"sentinel myid " + id(i), "sentinel known-replica " + MasterName + " " + strings.Replace(replica, ":", " ", 1)}
		for j, other := range all {
			if j != i {
				all[i].lines = append(all[i].lines, fmt.Sprintf("sentinel known-sentinel %s 127.0.0.1 %d %s", MasterName, other.port, id(j)))
			}
		}
	}
	return all
}

// Failover has the sentinels make the replica the master, and returns once each of them names it.
func (s *Sentinels) Failover(tb testing.TB) {
	tb.Helper()
	Await(tb, s.Nodes[0].Addr, "a failover that begins", func(c *redis.Client) bool {
		return c.Do(tb.Context(), "sentinel", "failover", MasterName).Err() == nil
	})
	s.AwaitHeir(tb)
}

// AwaitHeir returns once each of the sentinels names the replica as the master.
func (s *Sentinels) AwaitHeir(tb testing.TB) {
	tb.Helper()
	for _, node := range s.Nodes {
		Await(tb, node.Addr, "a new master", func(c *redis.Client) bool {
			found, err := c.Do(tb.Context(), "sentinel", "get-master-addr-by-name", MasterName).StringSlice()
			return err == nil && strings.Join(found, ":") == s.Replica.Addr
		})
	}
}

// Await waits for what a server says of itself.
func Await(tb testing.TB, addr, what string, holds func(*redis.Client) bool) {
	tb.Helper()
	const patience = 30 * time.Second // of a machine with much else to do
	client := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
	defer func() { _ = client.Close() }()
	eventually.Holds(tb, patience, what, func() bool { return holds(client) })
}
