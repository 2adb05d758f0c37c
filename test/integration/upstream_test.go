package integration

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// protocolUpstreams answer WebSockets and calls of gRPC with what they say. They are two: Kong 3.9 keeps connections
// to one address in one pool, and so would send HTTP/1.1 on those that gRPC has opened.
type protocolUpstreams struct{ sockets, calls *httptest.Server }

func startProtocolUpstreams() *protocolUpstreams {
	calls := httptest.NewUnstartedServer(http.HandlerFunc(echoCall))
	calls.Config.Protocols = new(http.Protocols)
	calls.Config.Protocols.SetUnencryptedHTTP2(true)
	calls.Start()
	return &protocolUpstreams{httptest.NewServer(http.HandlerFunc(echoSocket)), calls}
}

// grpcURL is that of a service of gRPC in Kong.
func (u *protocolUpstreams) grpcURL() string { return "grpc" + strings.TrimPrefix(u.calls.URL, "http") }

func (u *protocolUpstreams) close() {
	u.sockets.Close()
	u.calls.Close()
}

// echoCall answers a unary call with its own message.
func echoCall(w http.ResponseWriter, r *http.Request) {
	message, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	w.Header().Set("Content-Type", grpcType)
	w.Header().Set("Trailer", "Grpc-Status")
	w.Header().Set("X-Upstream-Consumer", r.Header.Get("X-Consumer-Username"))
	_, _ = w.Write(message) // as above
	w.Header().Set("Grpc-Status", "0")
}

// echoSocket shakes hands (RFC 6455, section 4.2.2) and sends the bytes of each frame back as they came.
func echoSocket(w http.ResponseWriter, r *http.Request) {
	conn, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no WebSocket on this connection", http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	writeHandshake(stream.Writer, r)
	if stream.Flush() == nil {
		_, _ = io.Copy(conn, stream) // until the client leaves
	}
}

func writeHandshake(w *bufio.Writer, r *http.Request) {
	for _, line := range []string{
		"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Accept: " + acceptOf(r.Header.Get("Sec-WebSocket-Key")),
		"X-Upstream-Consumer: " + r.Header.Get("X-Consumer-Username"), "",
	} {
		_, _ = w.WriteString(line + "\r\n") // Flush tells
	}
}

// acceptOf is what RFC 6455, section 4.2.2, makes of a client's key.
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
