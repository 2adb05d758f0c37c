package wire

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// Limits are the cosocket settings that Kong leaves as they are or sets.
type Limits struct {
	Idle    time.Duration // lua_socket_keepalive_timeout
	Timeout time.Duration // lua_socket_read_timeout, also for connecting and sending
	Size    int           // lua_socket_pool_size
}

// Pool holds a worker's idle connections to one socket; the one used last is
// taken first.
type Pool struct {
	socket string
	limits Limits

	mu     sync.Mutex
	idle   []*Conn
	live   map[*Conn]bool // all that are open, idle or not
	closed bool
}

// NewPool returns an empty pool for the unix socket at that path.
func NewPool(socket string, limits Limits) *Pool {
	return &Pool{socket: socket, limits: limits, live: map[*Conn]bool{}}
}

// Get takes an idle connection or makes one.
func (p *Pool) Get(ctx context.Context) (*Conn, error) {
	for {
		c := p.pop()
		if c == nil {
			return p.dial(ctx)
		}
		if c.usable() {
			return c, nil
		}
		p.Drop(c)
	}
}

func (p *Pool) dial(ctx context.Context) (*Conn, error) {
	dialer := net.Dialer{Timeout: p.limits.Timeout}
	c, err := dialer.DialContext(ctx, "unix", p.socket)
	if err != nil {
		return nil, reason(err)
	}
	return p.adopt(newConn(c, p.limits.Timeout))
}

func (p *Pool) adopt(c *Conn) (*Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.conn.Close()
		return nil, Error("closed")
	}
	p.live[c] = true
	return c, nil
}

// Drop closes a connection that Get gave out.
func (p *Pool) Drop(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeLocked(c)
}

func (p *Pool) closeLocked(c *Conn) {
	delete(p.live, c)
	c.conn.Close()
}

func (p *Pool) pop() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	c.expiry.Stop()
	return c
}

// Put keeps c for later, or closes it when it cannot be kept. A full pool
// drops its oldest connection.
func (p *Pool) Put(c *Conn) {
	usable := c.usable()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !usable || p.closed {
		p.closeLocked(c)
		return
	}
	if len(p.idle) >= p.limits.Size {
		p.dropLocked(p.idle[0])
	}
	c.expiry = time.AfterFunc(p.limits.Idle, func() { p.expire(c) })
	p.idle = append(p.idle, c)
}

func (p *Pool) expire(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropLocked(c)
}

// dropLocked does nothing for a connection that was taken in the meantime.
func (p *Pool) dropLocked(c *Conn) {
	at := slices.Index(p.idle, c)
	if at < 0 {
		return
	}
	p.idle = slices.Delete(p.idle, at, at+1)
	c.expiry.Stop()
	p.closeLocked(c)
}

// Open is how many connections are open, idle or not.
func (p *Pool) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.live)
}

// Close closes every connection, also those that are in use.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for len(p.idle) > 0 {
		p.dropLocked(p.idle[0])
	}
	for c := range p.live {
		p.closeLocked(c)
	}
}
