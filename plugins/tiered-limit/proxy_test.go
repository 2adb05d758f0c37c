package tieredlimit

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// What a proxy does with answers.
const (
	passes    int32 = iota // hands them on
	swallows               // drops them
	hangsUp                // drops them, and the connection
	truncates              // hands on a byte, and drops the connection
)

// proxy stands between a client and a server, and loses what a test tells it to lose.
type proxy struct {
	addr    string
	answers atomic.Int32
	dials   atomic.Int32 // connections so far

	mu       sync.Mutex
	stranded *atomic.Bool // of the connections that come now: they lead nowhere once it is true
}

// startProxy runs one until the test ends.
func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), stranded: new(atomic.Bool)}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.dials.Add(1)
			open.Go(func() { p.serve(t, client, server) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); p.strand(); open.Wait() })
	return p
}

// strand has the connections so far lead nowhere: no byte comes through, and nobody hangs up.
func (p *proxy) strand() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stranded.Store(true)
	p.stranded = new(atomic.Bool)
}

func (p *proxy) serve(t *testing.T, client net.Conn, server string) {
	p.mu.Lock()
	stranded := p.stranded
	p.mu.Unlock()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		_ = client.Close()
		return
	}
	end := sync.OnceFunc(func() { _ = client.Close(); _ = upstream.Close() })
	defer end()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-t.Context().Done(): // when the test is over
			end()
		case <-stop:
		}
	}()
	go func() { defer end(); pump(client, upstream, func([]byte) int32 { return passes }, stranded) }()
	pump(upstream, client, func([]byte) int32 { return p.answers.Load() }, stranded)
}

// pump copies chunks until an end is closed.
func pump(from, to net.Conn, what func([]byte) int32, stranded *atomic.Bool) {
	const chunk = 64 << 10
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if stranded.Load() {
			continue
		}
		switch what(buffer[:n]) {
		case passes:
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		case hangsUp:
			return
		case truncates:
			_, _ = to.Write(buffer[:1])
			return
		}
	}
}
