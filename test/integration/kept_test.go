package integration

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/sandbox"
)

// kept is a connection on which one request was answered, and which the client keeps for the next.
type kept struct {
	net.Conn
	from *bufio.Reader
	next string // what of the next request is to be sent yet
	body string // of its answer
}

// keep connects, and has one request answered.
func keep(t *testing.T, s *sandbox.Sandbox, path, body string, headers ...string) kept {
	t.Helper()
	address := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
	k := kept{conn, bufio.NewReader(conn), request, body}
	if !k.served(t) {
		t.Fatal("a new connection was closed without an answer")
	}
	return k
}

// begin sends the first half of the next request.
func (k kept) begin(t *testing.T) kept {
	t.Helper()
	half := len(k.next) / 2
	if _, err := io.WriteString(k, k.next[:half]); err != nil {
		t.Fatal(err)
	}
	k.next = k.next[half:]
	return k
}

// served sends what is to be sent yet, and tells whether there was an answer, which must be whole. A connection that
// has been closed before its first byte is none: the client may try elsewhere.
func (k kept) served(t *testing.T) bool {
	t.Helper()
	_, err := io.WriteString(k, k.next)
	if err == nil {
		_, err = k.from.Peek(1)
	}
	if err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("neither an answer nor an end of the connection: %v", err)
		}
		return false
	}
	response, err := http.ReadResponse(k.from, nil)
	if err != nil {
		t.Errorf("an answer began, and then %v", err)
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("status %d, and then %v", response.StatusCode, err)
	}
	reply{status: response.StatusCode, headers: response.Header, body: body}.isWhole(t, k.body)
	return true
}

// isWhole fails the test unless the answer is all that the upstream says, on a limited route.
func (r reply) isWhole(t *testing.T, body string) {
	t.Helper()
	if r.status != http.StatusOK || string(r.body) != body || r.headers.Get("X-RateLimit-Limit-Second") == "" {
		t.Errorf("status %d, %d bytes where the upstream says %d, headers %v", r.status, len(r.body), len(body), r.headers)
	}
}
