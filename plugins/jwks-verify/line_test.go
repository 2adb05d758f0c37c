package jwksverify

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/internal/kong"
)

// line is a connection to a Kong that costs next to nothing: its answers are made beforehand. It notes what
// was asked, and takes calls as the plugin server's own connection does, ahead and without waiting.
type line struct {
	net.Conn
	answers map[string][]byte
	calls   []string // the methods called, in order
	ahead   []string // those of them that were made ahead
	out, in []byte
}

// newLine answers with a request's headers, and with a consumer for each that is looked up.
func newLine(tb testing.TB, headers map[string]any) *line {
	tb.Helper()
	fields, err := structpb.NewStruct(headers)
	if err != nil {
		tb.Fatal(err)
	}
	l := &line{answers: map[string][]byte{}}
	for method, answer := range map[string]proto.Message{
		"kong.request.get_headers":  fields,
		"kong.client.load_consumer": &kong_plugin_protocol.Consumer{Id: testConsumer.ID, Username: testClient, CustomId: "c-1"},
		"kong.client.get_ip":        bridge.WrapString("10.0.0.1"),
		"kong.nginx.get_var":        bridge.WrapString("a=1"),
	} {
		if l.answers[method], err = proto.Marshal(answer); err != nil {
			tb.Fatal(err)
		}
	}
	return l
}

func (l *line) Ask(method string, _ []byte) ([]byte, error) {
	l.calls = append(l.calls, method)
	return l.answers[method], nil
}

func (l *line) Send(method string, _ []byte) error {
	l.calls = append(l.calls, method)
	return nil
}

func (l *line) Ahead(method string, _ []byte) { l.ahead = append(l.ahead, method) }

// Write takes go-pdk's calls, each two frames, a method and its arguments, in any pieces.
func (l *line) Write(p []byte) (int, error) {
	l.out = append(l.out, p...)
	for {
		method, rest, whole := cutFrame(l.out)
		_, rest, wholeArgs := cutFrame(rest)
		if !whole || !wholeArgs {
			return len(p), nil
		}
		l.calls = append(l.calls, string(method))
		answer := l.answers[string(method)]
		l.in = append(binary.LittleEndian.AppendUint32(l.in, uint32(len(answer))), answer...)
		l.out = slices.Delete(l.out, 0, len(l.out)-len(rest))
	}
}

func cutFrame(text []byte) (payload, rest []byte, whole bool) {
	const header = 4
	if len(text) < header {
		return nil, nil, false
	}
	size := header + int(binary.LittleEndian.Uint32(text))
	if len(text) < size {
		return nil, nil, false
	}
	return text[header:size], text[size:], true
}

func (l *line) Read(p []byte) (int, error) {
	if len(l.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.in)
	l.in = l.in[:copy(l.in, l.in[n:])]
	return n, nil
}

func (l *line) Close() error { return nil }

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
			l.calls = l.calls[:0]
			h.Access(t.Context(), r)
		})
		if n > most || !slices.Contains(l.calls, "kong.service.request.set_headers") {
			t.Errorf("%v allocations, want %d at most; calls %q", n, most, l.calls)
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
		l.calls = l.calls[:0]
		h.Access(b.Context(), r)
	}
	if !slices.Contains(l.calls, "kong.service.request.set_headers") {
		b.Errorf("refused, with calls %q", l.calls)
	}
}
