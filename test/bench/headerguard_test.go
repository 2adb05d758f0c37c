package bench

import (
	"context"
	"errors"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	headerguard "tollgate/plugins/header-guard"
)

// What a route behind a load balancer may ask for, by the calls to Kong that it costs.
const (
	guardConfig = `{"rules":[{"header":"X-Tenant","match":"^[a-z]{2,20}$"},{"header":"X-Trace-Id","max_length":64,"methods":["POST"]}],
		"any_of":[{"headers":["Authorization","apikey"],"status":401}],"presets":["forwarded"],"max_hops":5}`
	guardConfigWithLine = `{"rules":[{"header":"X-Tenant","match":"^[a-z]{2,20}$"}],"presets":["forwarded","host","authorization"],
		"hosts":["*.example.com"]}`
	guardConfigWithPeers = `{"rules":[{"header":"X-Tenant","match":"^[a-z]{2,20}$"}],"presets":["forwarded","authorization"],
		"trusted_peers":["10.0.0.0/24"],"on_untrusted_peer":"reject"}`
)

// reader makes the PDK calls of header-guard and looks at nothing: the floor.
type reader struct{ line, peer bool }

func (h reader) Access(_ context.Context, r *kong.Request) {
	if h.line {
		r.ExpectVar("request")
	}
	if h.peer {
		r.ExpectPeer()
	}
	_, _ = r.Headers()
	if h.line {
		_, _ = r.Var("request")
	}
	if h.peer {
		_, _ = r.Peer()
	}
}
func (reader) Close() {}

func readerPlugin(name string, of reader) plugin.Plugin {
	return plugin.Plugin{
		Name: name, Schema: schema.Plugin{Name: name}, Close: func() {},
		Build: func([]byte) (plugin.Handler, error) { return of, nil },
	}
}

// floors are plugins that header-guard is compared with.
func floors() map[string]plugin.Plugin {
	all := map[string]plugin.Plugin{}
	for name, of := range map[string]reader{"headers": {}, "headers+line": {line: true}, "headers+peer": {peer: true}} {
		all[name] = readerPlugin(name, of)
	}
	return all
}

// BenchmarkHeaderGuard measures a passing request beside a handler that makes the same PDK calls, which the CPU of
// the plugin should exceed by a tenth at most.
func BenchmarkHeaderGuard(b *testing.B) {
	replies, err := guardReplies()
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct{ name, floor, config string }{
		{"headers", "headers", guardConfig}, {"with the request line", "headers+line", guardConfigWithLine},
		{"with the peer", "headers+peer", guardConfigWithPeers},
	} {
		b.Run(row.name, func(b *testing.B) {
			floor := newSide(b, traffic{plugin: row.floor, config: "{}", replies: replies})
			own := newSide(b, traffic{plugin: headerguard.Name, config: row.config, replies: replies})
			b.ResetTimer()
			takeTurns(b, floor, own)
			own.report(b, "server-cpu-ns/op")
			floor.report(b, "floor-cpu-ns/op")
			b.ReportMetric(float64(own.used(b))/float64(floor.used(b)), "times")
		})
	}
}

// guardReplies are Kong's for a request that all configurations let pass.
func guardReplies() (map[string][]byte, error) {
	fields, err := structpb.NewStruct(map[string]any{
		"host": "api.example.com", "x-forwarded-proto": "https", "x-forwarded-for": []any{"203.0.113.9", "192.0.2.1"}, "x-tenant": "acme",
		"accept": "*/*", "accept-encoding": "gzip", "user-agent": "test", "authorization": "Bearer abc", "connection": "keep-alive",
		"content-length": "17", "content-type": "application/json", "x-trace-id": "0af7651916cd43dd8448eb211c80319c",
	})
	if err != nil {
		return nil, err
	}
	headers, err := proto.Marshal(fields)
	if err != nil {
		return nil, err
	}
	peer, peerErr := proto.Marshal(&pb.String{V: "10.0.0.5"})
	line, lineErr := proto.Marshal(&pb.String{V: "GET /orders/17?full=1 HTTP/1.1"})
	return map[string][]byte{
		"kong.request.get_headers": headers, "kong.client.get_ip": peer, "kong.nginx.get_var": line,
	}, errors.Join(peerErr, lineErr)
}
