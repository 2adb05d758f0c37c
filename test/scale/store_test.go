package scale

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/redistest"
)

// store is one redis-server, or a cluster's masters.
type store struct {
	name   string
	addrs  []string
	each   []*redis.Client
	script *redis.Script
}

// masters are those of the cluster.
const masters = 3

// withStore runs something on a store of its own.
func withStore(t *testing.T, nodes int, run func(*testing.T, *store)) {
	name := "one Redis"
	if nodes > 1 {
		name = fmt.Sprintf("a Cluster of %d", nodes)
	}
	t.Run(name, func(t *testing.T) {
		s := &store{name: name}
		if nodes == 1 {
			s.addrs = []string{redistest.Start(t)}
		} else {
			s.addrs = redistest.StartCluster(t, nodes)
		}
		s.connect(t)
		run(t, s)
	})
}

func (s *store) connect(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("../../plugins/tiered-limit/limit.lua")
	if err != nil {
		t.Fatal(err)
	}
	s.script = redis.NewScript(string(text))
	for _, addr := range s.addrs {
		one := redis.NewClient(&redis.Options{Addr: addr, PoolSize: 1, ReadTimeout: patience})
		t.Cleanup(func() { _ = one.Close() })
		s.each = append(s.each, one)
		if err := s.script.Load(t.Context(), one).Err(); err != nil {
			t.Fatal(err)
		}
		if len(s.addrs) > 1 {
			// A busy machine, or a million keys that go at once, is not an outage here.
			if err := one.ConfigSet(t.Context(), "cluster-node-timeout", "60000").Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// told is what the nodes of a store say of themselves, added up.
type told struct {
	cpu                       float64 // seconds
	received, sent            float64 // bytes
	answer                    float64 // bytes of what was told itself, which the next sent includes
	reads                     float64 // of sockets
	scripts, commands         float64 // calls by clients, and all that Redis did, those of scripts included
	memory, keys, connections float64
}

// ask asks each node.
func (s *store) ask(t *testing.T) (sum told, each []told) {
	t.Helper()
	for _, one := range s.each {
		text, err := one.Info(t.Context(), "cpu", "stats", "memory", "clients", "commandstats", "keyspace").Result()
		if err != nil {
			t.Fatal(err)
		}
		each = append(each, read(t, text))
		sum = sum.plus(each[len(each)-1], 1)
	}
	return sum, each
}

func read(t *testing.T, info string) told {
	t.Helper()
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields[name] = value
	}
	number := func(name string) float64 {
		value, err := strconv.ParseFloat(fields[name], 64)
		if err != nil {
			t.Fatalf("redis tells no %s: %v", name, err)
		}
		return value
	}
	const own = 1 // connection
	return told{
		cpu:      number("used_cpu_sys") + number("used_cpu_user"),
		received: number("total_net_input_bytes"), sent: number("total_net_output_bytes"),
		answer:  float64(len(info)),
		reads:   number("total_reads_processed"),
		scripts: calls(fields["cmdstat_evalsha"]) + calls(fields["cmdstat_eval"]), commands: number("total_commands_processed"),
		memory: number("used_memory"), keys: keysIn(fields["db0"]), connections: number("connected_clients") - own,
	}
}

// calls reads calls=12,usec=34.
func calls(stat string) float64 { return leading(stat, "calls=") }

// keysIn reads keys=12,expires=34.
func keysIn(space string) float64 { return leading(space, "keys=") }

func leading(text, name string) float64 {
	first, _, _ := strings.Cut(strings.TrimPrefix(text, name), ",")
	value, _ := strconv.ParseFloat(first, 64) // absent where there was nothing yet
	return value
}

// plus adds another, or with -1 takes it away.
func (a told) plus(b told, sign float64) told {
	return told{
		a.cpu + sign*b.cpu, a.received + sign*b.received, a.sent + sign*b.sent, a.answer + sign*b.answer, a.reads + sign*b.reads, a.scripts + sign*b.scripts,
		a.commands + sign*b.commands, a.memory + sign*b.memory, a.keys + sign*b.keys, a.connections + sign*b.connections,
	}
}

// forget empties the store, and waits until Redis has given the memory back.
func (s *store) forget(t *testing.T) {
	t.Helper()
	for _, one := range s.each {
		if err := one.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	eventually.Holds(t, patience, "an empty store", func() bool {
		sum, _ := s.ask(t)
		const few = 2 // that gateways keep there
		return sum.keys <= few
	})
}
