package chaos

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/network"
	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// stage is a Redis, of whatever kind, and what befalls it.
type stage struct {
	// record is the redis record of a node's configuration.
	record func(node int) map[string]any
	// open connects to where the counts are in the end, past all trouble.
	open func() redis.UniversalClient
	// named has a name for the consumer of a tier; nil takes the tier's.
	named func(tier string) string
	// begin begins the trouble, and end ends it: with a failover, once there is another master. again is done
	// ten times a second while it lasts, and late once Redis answers again; both may be nil.
	begin, again, end, late func()
}

// stateKey is where Redis keeps the count of a consumer.
func stateKey(consumer string) string { return "tollgate:{" + limitKey(consumer) + "}:2:state" }

func limitKey(consumer string) string { return "default:consumer:" + consumer }

// used is how many requests of a consumer the day has counted: the first field of the state, as limit.lua
// writes it.
func (s stage) used(t *testing.T, consumer string) (n int64) {
	t.Helper()
	client := s.open()
	defer func() { _ = client.Close() }()
	state, err := client.Get(t.Context(), stateKey(consumer)).Result()
	if err == nil {
		first, _, _ := strings.Cut(state, " ")
		n, err = strconv.ParseInt(first, 10, 64)
	}
	if err != nil {
		t.Fatalf("reading the count of %s: %v", consumer, err)
	}
	return n
}

// at is the record of a single Redis.
func at(t *testing.T, addr string) map[string]any {
	t.Helper()
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"host": host, "port": redistest.Port(t, addr)}
}

// on is a stage with a single Redis, on which nothing happens yet.
func on(t *testing.T, addr string) stage {
	t.Helper()
	return stage{
		record: func(int) map[string]any { return at(t, addr) },
		open:   func() redis.UniversalClient { return redis.NewClient(&redis.Options{Addr: addr}) },
	}
}

// tell has the Redis at an address do something that must succeed.
func tell(t *testing.T, addr string, command ...any) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = client.Close() }()
	if err := client.Do(t.Context(), command...).Err(); err != nil {
		t.Fatalf("%v: %v", command, err)
	}
}

// linked is a stage with a single Redis to which each node has a link of its own.
func linked(t *testing.T, nodes int) (stage, []*network.Link) {
	t.Helper()
	addr := redistest.Start(t)
	links := make([]*network.Link, nodes)
	for i := range links {
		links[i] = network.Start(t, addr)
	}
	s := on(t, addr)
	s.record = func(node int) map[string]any { return at(t, links[node].Addr) }
	return s, links
}

// restarted starts a server anew on the port of one that was killed.
func restarted(t *testing.T, killed *redisproc.Server, o redisproc.Options) {
	t.Helper()
	o.Port = redistest.Port(t, killed.Addr)
	redistest.StartWith(t, o)
}

// slotNamed finds a name of which the count lies in one of the first slots of a cluster.
func slotNamed(t *testing.T, addr, tier string, slots int) string {
	t.Helper()
	for i := 0; ; i++ {
		if name := fmt.Sprint(tier, i); redistest.Slot(t, addr, stateKey(name)) < slots {
			return name
		}
	}
}
