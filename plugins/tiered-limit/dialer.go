package tieredlimit

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
)

// dialer opens the connections to one Redis, and can give up all that it has opened: where one of them turns
// out to lead to the wrong Redis, or nowhere, so may the others that wait in the pool.
type dialer struct {
	tls *tls.Config // nil without TLS
	// locate finds where to connect to; nil takes the address that go-redis gives.
	locate func(ctx context.Context) (addr string, err error)
	// located is what locate has found last.
	located atomic.Pointer[string]
	// age rises when the connections so far are given up.
	age atomic.Uint64
}

// dial opens a connection within the context's deadline.
func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	age := d.age.Load() // before it is located: what is given up meanwhile is old
	if d.locate != nil {
		found, err := d.locate(ctx)
		if err != nil {
			return nil, undone{fmt.Errorf("%w: %w", errUnreachable, err)}
		}
		addr = found
		d.located.Store(&addr)
	}
	plain, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, undone{fmt.Errorf("%w: %w", errUnreachable, err)}
	}
	l := &link{Conn: plain, dialer: d, age: age}
	if d.tls == nil {
		l.pooled, _ = plain.(syscall.Conn)
		return l, nil
	}
	if l.Conn, err = d.secure(ctx, plain, addr); err != nil {
		_ = plain.Close()
		return nil, undone{fmt.Errorf("%w: connecting with TLS to %s: %w", errUnreachable, addr, explainedTLS(err))}
	}
	return l, nil
}

// secure shakes hands. The name to verify is the host's where the configuration has none: sentinels and
// nodes of a cluster have each another.
func (d *dialer) secure(ctx context.Context, plain net.Conn, addr string) (net.Conn, error) {
	config := d.tls
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, fmt.Errorf("naming the server: %w", err)
		}
		config = config.Clone()
		config.ServerName = host
	}
	secured := tls.Client(plain, config)
	return secured, secured.HandshakeContext(ctx)
}

// giveUp has connections that are as old as the age that was seen not used again. Many who find the same
// give them up once.
func (d *dialer) giveUp(seen uint64) { d.age.CompareAndSwap(seen, seen+1) }
