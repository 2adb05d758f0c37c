package tieredlimit

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// silentAfter is how many writes in a row run out of time before the connections that wait in the pool are
// given up: an address may lead to another machine now, and then nobody tells those that lead to the old one.
const silentAfter = 5

// backend is what a dialer knows of one address, while connections lead there. Masters of a Cluster have each their
// own: one that fails says nothing of the others.
type backend struct {
	addr  string
	links int // in backends' care
	// age rises when the connections so far are given up.
	age atomic.Uint64
	// silent is how many writes in a row have run out of time.
	silent atomic.Int32
}

// learn gives up the connections that are as old as one that has broken, or where several writes in a row have got no
// answer, by how one ended.
func (b *backend) learn(age uint64, err error) {
	switch {
	case err == nil:
		if b.silent.Load() != 0 {
			b.silent.Store(0)
		}
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled): // by this process
	case !ranOut(err) || b.silent.Add(1)%silentAfter == 0:
		b.age.CompareAndSwap(age, age+1)
	}
}

// backends are those to which connections lead. Their zero value is ready to use.
type backends struct {
	mu     sync.Mutex
	byAddr map[string]*backend
}

// join returns the backend of a new connection, which then leaves it.
func (b *backends) join(addr string) *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.byAddr[addr]
	if found == nil {
		if b.byAddr == nil {
			b.byAddr = map[string]*backend{}
		}
		found = &backend{addr: addr}
		b.byAddr[addr] = found
	}
	found.links++
	return found
}

// leave forgets a backend with its last connection.
func (b *backends) leave(left *backend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left.links--; left.links == 0 {
		delete(b.byAddr, left.addr)
	}
}
