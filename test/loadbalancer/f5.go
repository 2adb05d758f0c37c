package loadbalancer

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// SNAT is the address from which every load balancer here speaks to the server.
const SNAT = "127.0.0.5"

// F5 is a proxy that treats requests as a F5 does, the witness among it.
type F5 struct {
	Behaviour
	// Secret signs the witness; without one there is none.
	Secret string
	// Now is the proxy's clock, the real one by default.
	Now func() time.Time
	// Reuse lets the requests of all clients share connections to the server, as OneConnect does.
	Reuse bool
}

// Start runs the proxy before the server at upstream until the test ends, and returns its address.
func (f F5) Start(tb testing.TB, upstream string) (addr string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if f.Now == nil {
		f.Now = time.Now
	}
	p := &proxy{F5: f, servers: servers{addr: upstream, reuse: f.Reuse}, open: map[net.Conn]bool{}}
	p.running.Go(func() { p.accept(listener) })
	tb.Cleanup(func() {
		listener.Close()
		p.close()
	})
	return listener.Addr().String()
}

// proxy is a F5 that runs.
type proxy struct {
	F5
	servers servers
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool // clients
	closed  bool
}

func (p *proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		if !p.admit(client) {
			client.Close()
			return
		}
		p.running.Go(func() {
			defer p.dismiss(client)
			p.serve(client)
		})
	}
}

func (p *proxy) admit(client net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.open[client] = true
	}
	return !p.closed
}

func (p *proxy) dismiss(client net.Conn) {
	client.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, client)
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	for client := range p.open {
		client.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
	p.servers.close()
}

// serve handles a client's requests, one after another. A connection that goes wrong is closed.
func (p *proxy) serve(client net.Conn) {
	const patience = 20 * time.Second
	_ = client.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(client)
	for served := 0; ; served++ {
		request, err := readHead(in)
		if err != nil || len(request.lines) > maxLines || slices.Contains(p.Reject, request.method) {
			return
		}
		if p.PassAfter == 0 || served < p.PassAfter {
			request.lines = p.treat(request, client)
		}
		if p.exchange(request, in, client) != nil {
			return
		}
	}
}

const maxLines = 64 // the default of a F5's HTTP profile

// treat does what the iRule and the behaviour do, in the iRule's order.
func (p *proxy) treat(h head, client net.Conn) []Line {
	if p.Secret != "" {
		h.lines = slices.DeleteFunc(h.lines, func(l Line) bool { return strings.EqualFold(l.Name, WitnessHeader) })
	}
	received := h.lines
	ip, _, _ := net.SplitHostPort(client.RemoteAddr().String())
	h.lines = p.apply(received, ip)
	if p.Secret == "" {
		return h.lines
	}
	w := witness{
		at: p.Now(), method: h.method, target: h.target, host: h.value("Host"), received: received, sent: h.lines,
	}
	if value := w.sign(p.Secret); value != "" {
		h.lines = append(h.lines, Line{WitnessHeader, value})
	}
	return h.lines
}

// exchange sends a request on, and its answer back.
func (p *proxy) exchange(request head, body io.Reader, client io.Writer) error {
	server, err := p.servers.take()
	if err != nil {
		return err
	}
	size, _ := strconv.ParseInt(request.value("Content-Length"), 10, 64) // no chunked bodies here
	if _, err := io.WriteString(server, request.String()); err != nil {
		server.Close()
		return err
	}
	if _, err := io.CopyN(server, body, size); err != nil {
		server.Close()
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(server), &http.Request{Method: request.method})
	if err != nil {
		server.Close()
		return err
	}
	whole, err := httputil.DumpResponse(answer, true)
	p.servers.give(server, err == nil && !answer.Close) // first, so that the client's next request finds it
	if err != nil {
		return err
	}
	if _, err := client.Write(whole); err != nil {
		return err
	}
	if answer.Close {
		return io.EOF // the client may be waiting for the end
	}
	return nil
}
