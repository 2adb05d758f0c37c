package redistest

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redisproc"
)

// slots are those of every cluster.
const slots = 16384

// StartCluster runs a cluster of so many masters with an even share of the slots each, until the test ends, and
// returns their addresses once each knows all.
func StartCluster(tb testing.TB, masters int) (addrs []string) {
	tb.Helper()
	var first string // where the others are told of: host, port, port of the bus
	for i := range masters {
		folder := tb.TempDir()
		server, bus, err := redisproc.StartClusterNode(redisproc.Options{Folder: folder})
		server = started(tb, server, err)
		addrs = append(addrs, server.Addr)
		command(tb, server.Addr, "cluster", "addslotsrange", slots*i/masters, slots*(i+1)/masters-1)
		if i == 0 {
			first = strings.Replace(server.Addr, ":", " ", 1) + " " + strconv.Itoa(bus)
			continue
		}
		at := strings.Fields(first)
		command(tb, server.Addr, "cluster", "meet", at[0], at[1], at[2])
	}
	for _, addr := range addrs {
		Await(tb, addr, "a cluster", func(c *redis.Client) bool {
			info := c.ClusterInfo(tb.Context()).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_size:"+strconv.Itoa(masters))
		})
	}
	return addrs
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
