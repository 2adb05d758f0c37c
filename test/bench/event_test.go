package bench

import (
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wiretest"
)

// BenchmarkEvent measures one event over the socket, with as many connections at once as there are
// cores: ns/op counts the client's share too, server-cpu-ns/op is the CPU time of the server alone.
func BenchmarkEvent(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(handlers())) {
		for _, which := range []string{"stock", "ours"} {
			b.Run(name+"/"+which, func(b *testing.B) {
				pid, socket := startServer(b, which, name)
				before := cpuTime(b, pid)
				b.ResetTimer()
				benchmarkEvents(b, socket)
				b.StopTimer()
				used := cpuTime(b, pid) - before
				b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "server-cpu-ns/op")
			})
		}
	}
}

func benchmarkEvents(b *testing.B, socket string) {
	var failed atomic.Pointer[error]
	b.RunParallel(func(pb *testing.PB) {
		if err := events(socket, pb.Next); err != nil {
			failed.Store(&err)
		}
	})
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
}

// events sends events on one connection until there is no next.
func events(socket string, next func() bool) error {
	c, err := wiretest.Dial(socket)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	id, err := c.Start("bench", "{}")
	if err != nil {
		return err
	}
	consumer, err := proto.Marshal(&pb.Consumer{
		Id: "5b1a8b6e-8a5e-4a3c-9d0f-7d8f5a3c2b1a", Username: "acme", CustomId: "42", Tags: []string{"tier:free", "team:payments"},
	})
	if err != nil {
		return err
	}
	answer := func(method string, _ []byte) []byte {
		if method == "kong.client.get_consumer" {
			return consumer
		}
		return nil
	}
	for next() {
		if _, err := c.Event(id, answer); err != nil {
			return err
		}
	}
	return nil
}
