package tieredlimit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// dialer opens the connections to one Redis, and can give up all that it has opened, or those to one server:
// where one of them turns out to lead to the wrong Redis, or nowhere, so may the others that wait in the pool.
type dialer struct {
	tls *tls.Config // nil without TLS
	// host stands in for an empty one: a lone node of a cluster may not know its own. Empty refuses it.
	host string
	// toSentinels is for words: they are no Redis.
	toSentinels bool
	// locate finds where to connect to; nil takes the address that go-redis gives.
	locate func(ctx context.Context) (addr string, err error)
	// located is what locate has found last.
	located atomic.Pointer[string]
	// age rises when all connections so far are given up, to whichever server.
	age      atomic.Uint64
	backends backends
	troubles troubles
}

// fallbackDelay is how long an address of one family is tried before one of the other is tried too: less than
// a request has, and not the 300 ms of net.Dialer.
const fallbackDelay = 20 * time.Millisecond

// dial opens a connection within the context's deadline.
func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l, err := d.open(ctx, network, addr)
	if err != nil {
		err = d.unreachable(err)
		d.troubles.set(addr, err)
		return nil, err
	}
	d.troubles.set(addr, nil)
	return l, nil
}

func (d *dialer) open(ctx context.Context, network, of string) (*link, error) {
	l := &link{dialer: d, age: d.age.Load()} // before it is located: what is given up meanwhile is old
	addr, err := d.addressOf(ctx, network, of)
	if err != nil {
		return nil, err
	}
	l.backend = d.backends.join(addr)
	l.backendAge = l.backend.age.Load()
	if err := d.connect(ctx, l, network, of, addr); err != nil {
		d.backends.leave(l.backend)
		return nil, err
	}
	return l, nil
}

// connect fills in what a link is made of, to where of is.
func (d *dialer) connect(ctx context.Context, l *link, network, of, addr string) error {
	d.await(of, fmt.Errorf("%w: %s", errConnecting, addr))
	plain, err := (&net.Dialer{FallbackDelay: fallbackDelay}).DialContext(ctx, network, addr)
	if err != nil {
		return err
	}
	l.Conn = plain
	l.socket, _ = plain.(syscall.Conn)
	if d.tls == nil {
		return nil
	}
	d.await(of, fmt.Errorf("%w: %s", errSilentTLS, addr))
	if l.Conn, err = d.secure(ctx, plain, addr); err != nil {
		_ = plain.Close()
		return fmt.Errorf("connecting with TLS to %s: %w", addr, explainedTLS(err))
	}
	return nil
}

// addressOf is where to connect to.
func (d *dialer) addressOf(ctx context.Context, network, addr string) (string, error) {
	if d.locate != nil {
		d.await(addr, errLocating)
		found, err := d.locate(ctx)
		if err == nil {
			d.located.Store(&found)
		}
		return found, err
	}
	host, port, err := net.SplitHostPort(addr)
	switch {
	case network == "unix" || err != nil || host != "":
		return addr, nil
	case d.host == "":
		return "", errNoAddress // an empty host is this machine to net.Dial
	}
	return net.JoinHostPort(d.host, port), nil
}

// await notes what an attempt to connect waits for, unless it is known why the one before it failed.
func (d *dialer) await(addr string, what error) {
	d.troubles.await(addr, d.unreachable(fmt.Errorf("%w: %w", errWaiting, what)))
}

func (d *dialer) unreachable(cause error) error {
	if d.toSentinels {
		return undone{fmt.Errorf("%w: %w", errNoSentinel, cause)}
	}
	return undone{fmt.Errorf("%w: %w", errUnreachable, cause)}
}

// waited adds to the error of a call to an address, empty where that is not known, whose time ended before it had a
// connection why it had none. Connections are opened in the background, longer than a call waits.
func (d *dialer) waited(addr string, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errNothingDone) {
		return err
	}
	if trouble := d.troubles.of(addr); trouble != nil {
		return undone{fmt.Errorf("%w: %w", trouble, err)}
	}
	return err
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

// giveUp has all connections that are as old as the age that was seen not used again. Many who find the same
// give them up once.
func (d *dialer) giveUp(seen uint64) { d.age.CompareAndSwap(seen, seen+1) }
