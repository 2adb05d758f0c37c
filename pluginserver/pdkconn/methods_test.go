package pdkconn

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"tollgate/pluginserver/wire"
)

func TestMethodsThatReturnNothingComeFromTheProtocol(t *testing.T) {
	for name, want := range map[string]kind{
		"kong.log.warn": silent, "kong.log.set_serialize_value": silent, "kong.ctx.shared.set": silent,
		"kong.service.request.set_headers": silent, "kong.response.set_headers": silent, "kong.client.authenticate": silent,
		"kong.service.set_target": silent, "kong.response.exit": final, "kong.client.get_ip": answered,
		"kong.nginx.get_tls1_version_str": answered, "kong.ctx.shared.get": answered, "kong.service.set_upstream": answered,
		"kong.nginx.set_ctx": answered, "kong.ip.is_trusted": answered, "kong.unheard.of": answered,
	} {
		if got := methodOf([]byte(name)); got.kind != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// FuzzWrite gives go-pdk's side any bytes in any pieces: no panic, and only whole calls are sent.
func FuzzWrite(f *testing.F) {
	f.Add([]byte("\x0d\x00\x00\x00kong.log.warn\x00\x00\x00\x00"), uint8(3))
	f.Fuzz(func(t *testing.T, written []byte, piece uint8) {
		a, b := net.Pipe()
		defer b.Close()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		counted := &countingConn{Conn: a}
		c := New(counted, wire.NewStream(counted, wire.Limits{Frame: 1 << 10, Patience: time.Millisecond}))
		for rest := written; len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			if _, err := c.Write(rest[:n]); err != nil {
				break
			}
			rest = rest[n:]
		}
		_ = a.Close()
		frames := 0
		for sent := bytes.Join(counted.writes, nil); len(sent) > 0; frames++ {
			_, size, whole := wire.Cut(sent)
			if !whole {
				t.Fatalf("wrote %x, and half a frame was sent: %x", written, sent)
			}
			sent = sent[size:]
		}
		if frames%2 != 0 {
			t.Errorf("wrote %x, and half a call was sent", written)
		}
	})
}
