package fleet

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// link is the network between one node and Redis. Cut, it loses nothing, as a network that comes back does
// not: what was sent meanwhile arrives then.
type link struct {
	addr   string
	target string

	mu    sync.Mutex
	mends *sync.Cond
	cut   bool
	ended bool
	conns []net.Conn
}

// startLink returns a link to Redis that ends with the test.
func startLink(t *testing.T, target string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{addr: listener.Addr().String(), target: target}
	l.mends = sync.NewCond(&l.mu)
	var running sync.WaitGroup
	running.Go(func() { l.accept(listener, &running) })
	t.Cleanup(func() {
		_ = listener.Close()
		l.set(func() {
			l.ended = true
			for _, c := range l.conns {
				_ = c.Close()
			}
		})
		running.Wait()
	})
	return l
}

func (l *link) accept(listener net.Listener, running *sync.WaitGroup) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		l.mu.Lock()
		l.conns = append(l.conns, near, far)
		l.mu.Unlock()
		running.Go(func() { l.pass(far, near) })
		running.Go(func() { l.pass(near, far) })
	}
}

// pass carries what comes from one end to the other, while the link is whole.
func (l *link) pass(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && l.whole() {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				l.whole() // the end, too, arrives in its turn
			}
			return
		}
	}
}

// whole waits while the link is cut, and tells whether it goes on.
func (l *link) whole() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.cut && !l.ended {
		l.mends.Wait()
	}
	return !l.ended
}

// sever cuts the link, and mend makes it whole again.
func (l *link) sever() { l.set(func() { l.cut = true }) }
func (l *link) mend()  { l.set(func() { l.cut = false }) }

func (l *link) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.mends.Broadcast()
}
