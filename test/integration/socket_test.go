package integration

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// TestWhatDoesNotBelongOnTheSocket sends it there while requests go on: its connection ends, nothing else
// does.
func TestWhatDoesNotBelongOnTheSocket(t *testing.T) {
	s := start(t, sandbox.Options{})
	l := startLoad(t, s, bearerOf(t, s, issuer.Token{Client: "load-app"}))
	eventually.Holds(t, 10*time.Second, "the load to run", func() bool { return l.good(time.Time{}) > 20 })
	began := time.Now()
	for name, bytes := range map[string][]byte{
		"a request of HTTP":         []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"a frame of four gigabytes": {0xff, 0xff, 0xff, 0xff},
		"a frame that is no call":   frame([]byte("not protobuf, certainly")),
		"a frame without content":   frame(nil),
		"a call without a command":  frame([]byte{0x08, 0x01}),
		"a frame of one megabyte":   frame(make([]byte, 1<<20)),
	} {
		if !endsConnection(t, s, bytes) {
			t.Errorf("%s: the server keeps the connection", name)
		}
	}
	half := frame([]byte("the server waits for the rest of this"))[:12]
	for range 20 {
		conn := dial(t, s)
		if _, err := conn.Write(half); err != nil {
			t.Error(err)
		}
		defer conn.Close() // holding it open costs nobody anything
	}
	eventually.Holds(t, 10*time.Second, "requests to have gone on", func() bool { return l.good(began) > 100 })
	for _, a := range l.end() {
		if a.status != http.StatusOK {
			t.Errorf("a request got %d", a.status)
		}
	}
	metrics, err := send(s.StatusURL + "/metrics")
	if err != nil || !strings.Contains(string(metrics.body), "tollgate_server_broken_connections_total") {
		t.Errorf("metrics: %v, %s", err, metrics.body)
	}
	if n := strings.Count(readFile(t, s.RunLog()), "plugin server started"); n != 1 {
		t.Errorf("the server was started %d times", n)
	}
}

func frame(payload []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}

func dial(t *testing.T, s *sandbox.Sandbox) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", s.Socket())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// endsConnection tells whether the server closes the connection on which it gets the bytes.
func endsConnection(t *testing.T, s *sandbox.Sandbox, bytes []byte) bool {
	t.Helper()
	conn := dial(t, s)
	defer conn.Close()
	const patience = 5 * time.Second
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write(bytes) // the server may be faster to close it
	_, err := io.Copy(io.Discard, conn)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
