// Package network is the network between clients and a server in tests, and what can befall it: it is cut and
// mended, resets, slows down, and loses answers.
package network

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Link is the network to one server. It begins whole.
type Link struct {
	// Addr is where clients connect to.
	Addr   string
	target string
	dials  atomic.Int32

	mu       sync.Mutex
	now      conditions
	changed  chan struct{} // closed when the conditions change
	ended    bool
	open     map[*net.TCPConn]bool
	stranded *atomic.Bool // of the connections that come now: they lead nowhere once it is true
}

// conditions are those that a link is in; it is whole in the zero value.
type conditions struct {
	severed, refuses bool
	delay            time.Duration
	bytesPerSecond   int // 0 is as many as there are
	loss             Loss
}

// Start returns a link to a server that ends with the test.
func Start(tb testing.TB, target string) *Link {
	tb.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	l := &Link{
		Addr: listener.Addr().String(), target: target,
		changed: make(chan struct{}), open: map[*net.TCPConn]bool{}, stranded: new(atomic.Bool),
	}
	var running sync.WaitGroup
	running.Go(func() { l.accept(listener, &running) })
	tb.Cleanup(func() {
		_ = listener.Close()
		l.set(func(*conditions) { l.ended = true })
		l.breakAll()
		running.Wait()
	})
	return l
}

// Sever cuts the link: nobody hears of the other end. Nothing is lost that was sent, as on a network that
// comes back: it arrives once the link is mended.
func (l *Link) Sever() { l.set(func(c *conditions) { c.severed = true }) }

// Reset breaks all connections, and each new one, until the link is mended: both ends are told.
func (l *Link) Reset() {
	l.set(func(c *conditions) { c.refuses = true })
	l.breakAll()
}

// Slow has all that is sent arrive after a delay, and only so many bytes a second of each connection and
// direction; 0 bytes are no bound.
func (l *Link) Slow(delay time.Duration, bytesPerSecond int) {
	l.set(func(c *conditions) { c.delay, c.bytesPerSecond = delay, bytesPerSecond })
}

// Mend makes the link whole again.
func (l *Link) Mend() { l.set(func(c *conditions) { *c = conditions{} }) }

func (l *Link) set(change func(*conditions)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.now)
	close(l.changed)
	l.changed = make(chan struct{})
}

// state returns the conditions, what is closed when they change, and whether the link still is.
func (l *Link) state() (conditions, <-chan struct{}, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now, l.changed, !l.ended
}

// breakAll has both ends of each connection find it reset.
func (l *Link) breakAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.open {
		reset(conn)
	}
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func (l *Link) accept(listener *net.TCPListener, running *sync.WaitGroup) {
	for {
		near, err := listener.AcceptTCP()
		if err != nil {
			return
		}
		l.dials.Add(1)
		running.Go(func() { l.join(near, running) })
	}
}

// join connects a client with the server.
func (l *Link) join(near *net.TCPConn, running *sync.WaitGroup) {
	conn, err := net.Dial("tcp", l.target)
	if err != nil {
		reset(near)
		return
	}
	far := conn.(*net.TCPConn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now.refuses || l.ended {
		reset(near)
		reset(far)
		return
	}
	l.open[near], l.open[far] = true, true
	stranded := l.stranded
	running.Go(func() { l.carry(far, near, false, stranded) })
	running.Go(func() { l.carry(near, far, true, stranded) })
}

// carry takes what comes from one end to the other, until an end is closed: that arrives in its turn too.
func (l *Link) carry(to, from *net.TCPConn, answers bool, stranded *atomic.Bool) {
	defer l.forget(to, from)
	const chunk = 64 << 10
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !stranded.Load() && !l.deliver(to, buffer[:n], answers) {
			return
		}
		if errors.Is(err, io.EOF) {
			l.whole()
		}
		if err != nil {
			return
		}
	}
}

func (l *Link) forget(ends ...*net.TCPConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range ends {
		delete(l.open, conn)
		_ = conn.Close()
	}
}
