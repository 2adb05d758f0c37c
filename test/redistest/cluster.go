package redistest

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/freeport"
	"tollgate/test/redisproc"
)

// slots are those of every cluster.
const slots = 16384

// StartCluster runs a cluster of so many masters with an even share of the slots each, until the test ends, and
// returns their addresses once each knows all.
func StartCluster(tb testing.TB, masters int) (addrs []string) {
	tb.Helper()
	return NewCluster(tb, masters).Addrs()
}

// Cluster is one of which the servers can be reached.
type Cluster struct {
	Masters []*redisproc.Server
	bus     int // of the first
}

// NewCluster is StartCluster with its servers.
func NewCluster(tb testing.TB, masters int) *Cluster {
	tb.Helper()
	c := &Cluster{}
	for i := range masters {
		server := c.join(tb)
		command(tb, server.Addr, "cluster", "addslotsrange", slots*i/masters, slots*(i+1)/masters-1)
		c.Masters = append(c.Masters, server)
	}
	for _, addr := range c.Addrs() {
		awaitCluster(tb, addr, masters)
	}
	return c
}

// Addrs are those of the masters.
func (c *Cluster) Addrs() (addrs []string) {
	for _, server := range c.Masters {
		addrs = append(addrs, server.Addr)
	}
	return addrs
}

// join starts a node, and has it meet the first one.
func (c *Cluster) join(tb testing.TB) *redisproc.Server {
	tb.Helper()
	server, bus, err := redisproc.StartClusterNode(redisproc.Options{Folder: tb.TempDir()})
	server = started(tb, server, err)
	if len(c.Masters) == 0 {
		c.bus = bus
		return server
	}
	host, port, _ := strings.Cut(c.Masters[0].Addr, ":")
	command(tb, server.Addr, "cluster", "meet", host, port, c.bus)
	return server
}

// AddReplica starts a replica of a master, and returns once it is in step, and all masters know it.
func (c *Cluster) AddReplica(tb testing.TB, of int) *redisproc.Server {
	tb.Helper()
	replica := c.join(tb)
	id, own := nodeID(tb, c.Masters[of].Addr), nodeID(tb, replica.Addr)
	Await(tb, replica.Addr, "a replica of a master that it has met", func(c *redis.Client) bool {
		return c.Do(tb.Context(), "cluster", "replicate", id).Err() == nil
	})
	Await(tb, replica.Addr, "a replica in step", func(c *redis.Client) bool {
		return strings.Contains(c.Info(tb.Context(), "replication").Val(), "master_link_status:up")
	})
	for _, addr := range c.Addrs() {
		Await(tb, addr, "a replica that all know", func(c *redis.Client) bool {
			return strings.Contains(c.ClusterNodes(tb.Context()).Val(), own) && strings.Contains(c.ClusterNodes(tb.Context()).Val(), "slave "+id)
		})
	}
	return replica
}

// StartLoneNode runs a cluster of one node with options until the test ends. It has a port without TLS in any
// case, for what a test tells it.
func StartLoneNode(tb testing.TB, o redisproc.Options) (addr, plain string) {
	tb.Helper()
	if o.Folder == "" {
		o.Folder = tb.TempDir()
	}
	if o.TLS != nil {
		port, err := freeport.Take()
		if err != nil {
			tb.Fatal(err)
		}
		plain = freeport.Address(port)
		o.Settings = append([]string{fmt.Sprintf("port %d", port), "tls-cluster yes"}, o.Settings...)
	}
	server, _, err := redisproc.StartClusterNode(o)
	server = started(tb, server, err)
	plain = cmp.Or(plain, server.Addr)
	command(tb, plain, "cluster", "addslotsrange", 0, slots-1)
	awaitCluster(tb, plain, 1)
	return server.Addr, plain
}

func awaitCluster(tb testing.TB, addr string, masters int) {
	tb.Helper()
	Await(tb, addr, "a cluster", func(c *redis.Client) bool {
		info := c.ClusterInfo(tb.Context()).Val()
		return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_size:"+strconv.Itoa(masters))
	})
}

// command runs one that must succeed.
func command(tb testing.TB, addr string, args ...any) {
	tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2, DisableIdentity: true})
	defer func() { _ = client.Close() }()
	if err := client.Do(tb.Context(), args...).Err(); err != nil {
		tb.Fatalf("%v at %s: %v", args, addr, err)
	}
}

// MoveSlot gives a slot that holds no keys to another node of a cluster, by their addresses.
func MoveSlot(tb testing.TB, slot int, from, to string, others ...string) {
	tb.Helper()
	id := nodeID(tb, to)
	command(tb, to, "cluster", "setslot", slot, "node", id)
	for _, addr := range append([]string{from}, others...) {
		command(tb, addr, "cluster", "setslot", slot, "node", id)
	}
}

func nodeID(tb testing.TB, addr string) (id string) {
	tb.Helper()
	Await(tb, addr, "a node with an id", func(c *redis.Client) bool {
		id = c.Do(tb.Context(), "cluster", "myid").Val().(string)
		return id != ""
	})
	return id
}

// Port is that of an address.
func Port(tb testing.TB, addr string) int {
	tb.Helper()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// BeginMove has a slot on its way from one node to another: who asks the first for what it does not have is
// sent to the second.
func BeginMove(tb testing.TB, slot int, from, to string) {
	tb.Helper()
	command(tb, to, "cluster", "setslot", slot, "importing", nodeID(tb, from))
	command(tb, from, "cluster", "setslot", slot, "migrating", nodeID(tb, to))
}

// MoveKeys moves the keys of a slot that is on its way.
func MoveKeys(tb testing.TB, slot int, from, to string) {
	tb.Helper()
	const most, patience = 1000, 5000 // keys, milliseconds
	client := redis.NewClient(&redis.Options{Addr: from, Protocol: 2, DisableIdentity: true})
	defer func() { _ = client.Close() }()
	found, err := client.ClusterGetKeysInSlot(tb.Context(), slot, most).Result()
	if err != nil {
		tb.Fatal(err)
	}
	host, port, _ := strings.Cut(to, ":")
	args := []any{"migrate", host, port, "", 0, patience, "keys"}
	for _, key := range found {
		args = append(args, key)
	}
	command(tb, from, args...)
}

// Slot is the one that a key lies in.
func Slot(tb testing.TB, addr, key string) (slot int) {
	tb.Helper()
	Await(tb, addr, "a slot", func(c *redis.Client) bool {
		found, err := c.ClusterKeySlot(tb.Context(), key).Result()
		slot = int(found)
		return err == nil
	})
	return slot
}
