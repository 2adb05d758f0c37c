package bench

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wiretest"
)

// BenchmarkEvent measures one event over the socket by the calls to Kong that it makes, on go-pdk's server and on ours.
func BenchmarkEvent(b *testing.B) {
	consumer, err := consumerReply()
	if err != nil {
		b.Fatal(err)
	}
	replies := map[string][]byte{"kong.client.get_consumer": consumer, "kong.response.set_headers": nil, "kong.service.request.clear_header": nil}
	for _, name := range slices.Sorted(maps.Keys(handlers())) {
		if name == "denial" { // BenchmarkDenial
			continue
		}
		for _, which := range []string{"stock", "ours"} {
			b.Run(name+"/"+which, func(b *testing.B) {
				pid, socket := startServer(b, which, name)
				measure(b, pid, traffic{socket: socket, plugin: "bench", config: "{}", replies: replies})
			})
		}
	}
}

func consumerReply() ([]byte, error) {
	return proto.Marshal(&pb.Consumer{
		Id: "5b1a8b6e-8a5e-4a3c-9d0f-7d8f5a3c2b1a", Username: "acme", CustomId: "42", Tags: []string{"tier:free", "team:payments"},
	})
}

// traffic is what Kong sends, and its replies to the calls that a request makes that passes: nil to those that return
// nothing.
type traffic struct {
	socket, plugin, config string
	replies                map[string][]byte
}

// measure sends events on as many connections at once as there are cores.
func measure(b *testing.B, pid int, t traffic) {
	b.Helper()
	measureRun(b, pid, t.socket, func(next *testing.PB) error { return t.send(next.Next) })
}

// measureRun has as many goroutines as there are cores send events: ns/op counts the client's share too,
// server-cpu-ns/op and server-allocs/op are the CPU time and the allocated objects of the server alone.
func measureRun(b *testing.B, pid int, socket string, run func(*testing.PB) error) {
	b.Helper()
	cpu, objects := cpuTime(b, pid), allocs(b, socket)
	b.ResetTimer()
	var failed atomic.Pointer[error]
	b.RunParallel(func(next *testing.PB) {
		if err := run(next); err != nil {
			failed.Store(&err)
		}
	})
	b.StopTimer()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	b.ReportMetric(float64((cpuTime(b, pid)-cpu).Nanoseconds())/float64(b.N), "server-cpu-ns/op")
	b.ReportMetric((allocs(b, socket)-objects)/float64(b.N), "server-allocs/op")
}

// send sends events on one connection until there is no next.
func (t traffic) send(next func() bool) error {
	v, err := t.visit()
	if err != nil {
		return err
	}
	defer func() { _ = v.client.Close() }()
	for next() {
		if err := v.event(); err != nil {
			return err
		}
	}
	return nil
}

// visitor is one connection, with an instance.
type visitor struct {
	client   *wiretest.Client
	instance int32
	replies  map[string][]byte
	wrong    error
}

func (t traffic) visit() (*visitor, error) {
	c, err := wiretest.Dial(t.socket)
	if err != nil {
		return nil, err
	}
	id, err := c.Start(t.plugin, t.config)
	return &visitor{client: c, instance: id, replies: t.replies}, err
}

// event sends one event, whose handler must make no call that has no reply.
func (v *visitor) event() error {
	_, err := v.client.Event(v.instance, v.answer)
	return errors.Join(v.wrong, err)
}

func (v *visitor) answer(method string, _ []byte) []byte {
	reply, known := v.replies[method]
	if !known {
		v.wrong = fmt.Errorf("%s was called, which no request that passes does", method)
	}
	return reply
}
