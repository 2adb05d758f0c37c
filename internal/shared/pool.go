// Package shared keeps what must outlive a plugin instance, once for each distinct content: compiled
// configurations, Redis clients, key sets. Kong gives every worker and every reload an instance of
// its own, so the same content is asked for again and again.
package shared

import (
	"errors"
	"sync"
	"time"
)

// ErrClosed is returned by Acquire after Close.
var ErrClosed = errors.New("the pool is closed")

// errPanicked is for those who waited for an open that panicked.
var errPanicked = errors.New("opening the value panicked")

// Pool holds one value for each key while somebody leases it, and for a grace period after that.
type Pool[V any] struct {
	grace   time.Duration
	dispose func(V)

	mu      sync.Mutex
	entries map[string]*entry[V]
	closed  bool
}

type entry[V any] struct {
	leases int
	idle   *time.Timer // runs while leases is zero
	ready  chan struct{}
	value  V
	err    error
}

// NewPool returns an empty pool. A value that nobody has leased for the grace period is handed to
// dispose, once.
func NewPool[V any](grace time.Duration, dispose func(V)) *Pool[V] {
	return &Pool[V]{grace: grace, dispose: dispose, entries: map[string]*entry[V]{}}
}

// Lease is one holder's claim on a value.
type Lease[V any] struct {
	Value   V
	release func()
}

// Release gives the claim back; further calls do nothing.
func (l *Lease[V]) Release() { l.release() }

// Acquire leases the value of key. The first caller opens it, others that come meanwhile wait for
// that; an error of open goes to all of them and is not kept.
func (p *Pool[V]) Acquire(key string, open func() (V, error)) (*Lease[V], error) {
	e, first, err := p.claim(key)
	if err != nil {
		return nil, err
	}
	if first {
		p.open(key, e, open)
	}
	<-e.ready
	if e.err != nil {
		return nil, e.err
	}
	return &Lease[V]{Value: e.value, release: sync.OnceFunc(func() { p.release(key, e) })}, nil
}

// open fills the entry. It is gone from the pool before anyone learns of an error, so that whoever
// comes later opens anew; and nobody waits for ever where open panics.
func (p *Pool[V]) open(key string, e *entry[V], open func() (V, error)) {
	e.err = errPanicked
	defer func() {
		if e.err != nil {
			p.forget(key, e)
		}
		close(e.ready)
	}()
	e.value, e.err = open()
}

func (p *Pool[V]) claim(key string) (e *entry[V], first bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, ErrClosed
	}
	e = p.entries[key]
	if e == nil {
		e = &entry[V]{ready: make(chan struct{})}
		p.entries[key] = e
		first = true
	}
	if e.idle != nil {
		e.idle.Stop()
		e.idle = nil
	}
	e.leases++
	return e, first, nil
}

func (p *Pool[V]) release(key string, e *entry[V]) {
	if p.unlease(key, e) {
		p.dispose(e.value)
	}
}

// unlease takes one lease off, starts the grace period after the last one, and tells whether the
// value is to be disposed of at once.
func (p *Pool[V]) unlease(key string, e *entry[V]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.leases--
	if e.leases > 0 || p.closed {
		return e.leases == 0
	}
	var timer *time.Timer
	timer = time.AfterFunc(p.grace, func() { p.expire(key, e, &timer) })
	e.idle = timer
	return false
}

// expire disposes of an entry unless it was leased again since the timer was set; a timer that was
// stopped too late finds that it is no longer the entry's own.
func (p *Pool[V]) expire(key string, e *entry[V], timer **time.Timer) {
	p.mu.Lock()
	if e.idle != *timer || p.closed {
		p.mu.Unlock()
		return
	}
	delete(p.entries, key)
	p.mu.Unlock()
	p.dispose(e.value)
}

func (p *Pool[V]) forget(key string, e *entry[V]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries[key] == e {
		delete(p.entries, key)
	}
}

// Len is the number of values held, leased or within their grace period.
func (p *Pool[V]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

// Close disposes of what nobody leases at once, and of the rest when it is released.
func (p *Pool[V]) Close() {
	for _, e := range p.drain() {
		p.dispose(e.value)
	}
}

// drain empties the pool for good and returns the entries that nobody leases.
func (p *Pool[V]) drain() []*entry[V] {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var idle []*entry[V]
	for key, e := range p.entries {
		if e.idle != nil {
			e.idle.Stop()
			idle = append(idle, e)
		}
		delete(p.entries, key)
	}
	return idle
}
