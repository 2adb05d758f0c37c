package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/Kong/go-pdk"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	headerguard "tollgate/plugins/header-guard"
	jwksverify "tollgate/plugins/jwks-verify"
	tieredlimit "tollgate/plugins/tiered-limit"
	"tollgate/test/issuer"
	"tollgate/test/redisproc"
)

const jwksName = "jwks-verify"

// product is a plugin of the product, or a floor that one is compared with.
func product(name string) plugin.Plugin {
	deps := plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now}
	switch name {
	case headerguard.Name:
		return headerguard.New(deps)
	case jwksName:
		return jwksverify.New(deps)
	case tieredlimit.Name:
		return tieredlimit.New(deps)
	}
	return floors()[name]
}

// servePlugin serves a plugin of the product on our server.
func servePlugin(folder, name string) error { return serve(folder, product(name)) }

// serveStockPlugin serves it on go-pdk's server, where each call to Kong is waited for.
func serveStockPlugin(folder, name string) error {
	p := product(name)
	return serveStock(folder, func() any { return &stockProduct{plugin: p} })
}

// stockProduct has no configuration that Kong could give it: go-pdk's server cannot express ours.
type stockProduct struct {
	plugin plugin.Plugin
	build  sync.Once
	handle plugin.Handler
}

func (p *stockProduct) Access(k *pdk.PDK) {
	p.build.Do(func() {
		var err error
		if p.handle, err = p.plugin.Build([]byte(os.Getenv(configEnv))); err != nil {
			panic(err)
		}
	})
	p.handle.Access(context.Background(), &kong.Request{PDK: k})
}

// BenchmarkPlugin measures a request that passes, plugin by plugin, on go-pdk's server and on ours.
func BenchmarkPlugin(b *testing.B) {
	for name, prepare := range map[string]func(*testing.B) traffic{
		headerguard.Name: guardTraffic, jwksName: tokenTraffic, tieredlimit.Name: limitTraffic,
	} {
		b.Run(name, func(b *testing.B) {
			t := prepare(b)
			t.plugin = name
			b.Run("stock", func(b *testing.B) {
				pid, socket := startServer(b, "plugin/stock", name, configEnv+"="+t.config)
				t := traffic{socket: socket, plugin: name, config: "{}", replies: t.replies}
				measure(b, pid, t)
			})
			b.Run("ours", func(b *testing.B) {
				pid, socket := startServer(b, "plugin", name)
				t.socket = socket
				measure(b, pid, t)
			})
		})
	}
}

func guardTraffic(b *testing.B) traffic {
	b.Helper()
	replies, err := guardReplies()
	if err != nil {
		b.Fatal(err)
	}
	return traffic{config: guardConfig, replies: replies}
}

// tokenTraffic has one token, which is remembered after its first request.
func tokenTraffic(b *testing.B) traffic {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	i, err := issuer.New(issuer.Options{BaseURL: url})
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: i, ReadHeaderTimeout: time.Second}
	go func() { _ = s.Serve(listener) }()
	b.Cleanup(func() { _ = s.Close() })
	token, err := i.Mint(issuer.Token{Client: "acme", Scope: "read"})
	if err != nil {
		b.Fatal(err)
	}
	config := fmt.Sprintf(`{"issuers":[{"issuer":%q,"jwks_uri":%q,"audiences":["https://api.example.com"]}],"insecure_http":true,
		"claims_to_headers":[{"claim":"scope","header":"X-Scope"},{"claim":"sub","header":"X-Sub"}]}`, i.URL(), i.JWKSURL())
	return traffic{config: config, replies: tokenReplies(b, token)}
}

func tokenReplies(b *testing.B, token string) map[string][]byte {
	b.Helper()
	fields, err := structpb.NewStruct(map[string]any{
		"host": "api.example.com", "accept": "*/*", "user-agent": "test", "connection": "keep-alive", "authorization": "Bearer " + token,
		"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9",
	})
	if err != nil {
		b.Fatal(err)
	}
	headers, err := proto.Marshal(fields)
	if err != nil {
		b.Fatal(err)
	}
	replies := consumerReplies(b)
	maps.Copy(replies, map[string][]byte{
		"kong.request.get_headers": headers, "kong.log.set_serialize_value": nil, "kong.client.authenticate": nil,
		"kong.service.request.set_headers": nil, "kong.ctx.shared.set": nil,
	})
	return replies
}

// consumerReplies name the consumer where it was authenticated, and where it is looked up.
func consumerReplies(b *testing.B) map[string][]byte {
	b.Helper()
	consumer, err := consumerReply()
	if err != nil {
		b.Fatal(err)
	}
	return map[string][]byte{"kong.client.get_consumer": consumer, "kong.client.load_consumer": consumer}
}

// limitTraffic counts on a real redis-server.
func limitTraffic(b *testing.B) traffic {
	b.Helper()
	r, err := redisproc.Start(redisproc.Options{})
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(r.Close)
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		b.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{
		"tiers":        []map[string]any{{"name": "free", "tps": 10_000, "daily_quota": 1_000_000_000}},
		"default_tier": "free", "redis": map[string]any{"host": host, "port": json.Number(port), "timeout": 1000},
	})
	if err != nil {
		b.Fatal(err)
	}
	replies := consumerReplies(b)
	replies["kong.response.set_headers"] = nil
	return traffic{config: string(config), replies: replies}
}
