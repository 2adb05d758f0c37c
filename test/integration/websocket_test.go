package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate/test/issuer"
)

// upgrade are the headers with which a client asks for a WebSocket (RFC 6455, section 4.1); the key is that RFC's example.
func upgrade(headers ...string) []string {
	return append(headers, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
}

// TestAWebSocketThatIsRefused gets an answer of HTTP, with its body.
func TestAWebSocketThatIsRefused(t *testing.T) {
	forget(t)
	get(t, "/variants/headers").is(t, http.StatusOK) // of two a day
	get(t, "/variants/headers").is(t, http.StatusOK)
	for _, row := range []struct {
		name, path string
		status     int
	}{
		{"a header is missing", "/guard", http.StatusBadRequest},
		{"there is no token", "/token", http.StatusUnauthorized},
		{"the day is used up", "/variants/headers", http.StatusTooManyRequests},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := get(t, row.path, upgrade()...)
			r.is(t, row.status)
			r.problem(t)
			if got := r.headers.Get("Upgrade"); got != "" {
				t.Errorf("Upgrade: %s", got)
			}
		})
	}
}

// TestAWebSocketPassesAllThreePlugins counts the handshake alone, however much is said later.
func TestAWebSocketPassesAllThreePlugins(t *testing.T) {
	realKongOnly(t)
	s := secondNode(t)
	forget(t)
	headers := upgrade("X-Tenant-Id: acme", bearer(t, issuer.Token{Client: "load-app"}))
	const frames = 5 // on each connection
	handshakes := []string{"1", "0"}
	for i, left := range handshakes {
		conn, response := handshake(t, strings.TrimPrefix(s.URL, "http://"), headers)
		h := response.Header
		if response.StatusCode != http.StatusSwitchingProtocols || h.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
			h.Get("X-Upstream-Consumer") != "load-app" || h.Get("X-RateLimit-Remaining-Day") != left {
			t.Fatalf("handshake %d: status %d, headers %v", i+1, response.StatusCode, h)
		}
		for range frames {
			echoed(t, conn, "\x81\x85mask"+"frame") // text, masked, five bytes
		}
	}
	r := getFrom(t, s, "/socket", headers...)
	r.is(t, http.StatusTooManyRequests)
	r.problem(t)
	shared.stress.held(t, "WebSockets through all three plugins, two a day", "two handshakes, any number of frames; 429 with its body for the third",
		fmt.Sprintf("%d of %d handshakes got 101, one 429; %d frames came back", len(handshakes), len(handshakes)+1, frames*len(handshakes)))
}

// socket is a connection after its handshake.
type socket struct {
	net.Conn
	from *bufio.Reader
}

// handshake asks for a WebSocket on a connection that the test has to its end.
func handshake(t *testing.T, address string, headers []string) (socket, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	const patience = 20 * time.Second
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	text := "GET /socket HTTP/1.1\r\nHost: " + address + "\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	return socket{conn, from}, response
}

// echoed sends a frame and wants it back.
func echoed(t *testing.T, s socket, frame string) {
	t.Helper()
	if _, err := io.WriteString(s, frame); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len(frame))
	if _, err := io.ReadFull(s.from, back); err != nil || string(back) != frame {
		t.Errorf("%q came back: %v", back, err)
	}
}
