package jwksverify

import (
	"slices"
	"testing"

	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/internal/kong"
	"tollgate/internal/kongtest"
)

// newLine answers with a request's headers, and with a consumer for each that is looked up.
func newLine(tb testing.TB, headers map[string]any) *kongtest.Line {
	tb.Helper()
	fields, err := structpb.NewStruct(headers)
	if err != nil {
		tb.Fatal(err)
	}
	l := &kongtest.Line{Answers: map[string][]byte{}}
	for method, answer := range map[string]proto.Message{
		"kong.request.get_headers":  fields,
		"kong.client.load_consumer": &kong_plugin_protocol.Consumer{Id: testConsumer.ID, Username: testClient, CustomId: "c-1"},
		"kong.client.get_ip":        bridge.WrapString("10.0.0.1"),
		"kong.nginx.get_var":        bridge.WrapString("a=1"),
	} {
		if l.Answers[method], err = proto.Marshal(answer); err != nil {
			tb.Fatal(err)
		}
	}
	return l
}

// usualHeaders are those of a browser's request with a token.
func usualHeaders(token string) map[string]any {
	return map[string]any{
		"host": "api.example.test", "authorization": "Bearer " + token, "accept": "application/json", "connection": "keep-alive",
		"user-agent": "Mozilla/5.0 (X11; Linux x86_64)", "accept-encoding": "gzip, br", "accept-language": "en", "x-forwarded-for": "192.0.2.7",
	}
}

// TestARememberedTokenCostsFewAllocations counts those of a whole request but for the plugin server's part.
func TestARememberedTokenCostsFewAllocations(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const most = 75
		h, l := w.build(t, nil), newLine(t, usualHeaders(goodToken()))
		r := kong.NewRequest(l)
		n := testing.AllocsPerRun(100, func() {
			l.Calls = l.Calls[:0]
			h.Access(t.Context(), r)
		})
		if n > most || !slices.Contains(l.Calls, "kong.service.request.set_headers") {
			t.Errorf("%v allocations, want %d at most; calls %q", n, most, l.Calls)
		}
	})
}

// BenchmarkAccess is what a request with a remembered token costs the plugin, Kong and the socket left out.
func BenchmarkAccess(b *testing.B) {
	w := newWorld(jwk("k1", rsaKey(), nil))
	b.Cleanup(w.plugin.Close)
	h, l := w.build(b, nil), newLine(b, usualHeaders(mint(header(nil), goodClaims(members{"exp": testNow.Unix() + 3600}), rsaKey())))
	r := kong.NewRequest(l)
	h.Access(b.Context(), r) // waits for the keys
	b.ReportAllocs()
	for b.Loop() {
		l.Calls = l.Calls[:0]
		h.Access(b.Context(), r)
	}
	if !slices.Contains(l.Calls, "kong.service.request.set_headers") {
		b.Errorf("refused, with calls %q", l.Calls)
	}
}
