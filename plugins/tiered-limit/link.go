package tieredlimit

import (
	"bytes"
	"errors"
	"net"
	"syscall"
)

// link is one connection to Redis. It knows whether a script was sent on it: until then nothing can have been
// debited, whatever becomes of it.
type link struct {
	net.Conn
	dialer *dialer
	age    uint64
	// socket is what lies below, TLS or not.
	socket syscall.Conn
	// greeting is how the first answer begins, until it is known to be that of a Redis.
	greeting []byte
	greeted  bool
	asked    bool // a script was sent
}

// errGivenUp has the pool drop a connection.
var errGivenUp = errors.New("the connection is given up")

var _ syscall.Conn = (*link)(nil)

// Write has sent no whole command where it fails, so that Redis did none.
func (l *link) Write(b []byte) (int, error) {
	// EVAL and EVALSHA, as go-redis writes them. A password in which that stands errs on the safe side.
	if !l.asked && bytes.Contains(b, []byte("\r\neval")) {
		l.asked = true
	}
	n, err := l.Conn.Write(b)
	if err != nil {
		err = undone{l.told(err)}
	}
	return n, err
}

// Read reads an answer, or a part of it.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if !l.greeted && n > 0 {
		if stranger := l.greet(b[:n]); stranger != nil {
			return 0, undone{stranger}
		}
	}
	if err != nil && !l.asked {
		err = undone{l.told(err)}
	}
	return n, err
}

// greet judges the first line of the first answer, which is to HELLO: a list or an error. What is none, or
// is long, is not left to go-redis, which reads as many elements as it is told.
func (l *link) greet(b []byte) error {
	const longest, alert = len("*99\r\n"), 0x15 // RFC 8446, section 5.1
	l.greeting = append(l.greeting, b...)
	start := l.greeting[:min(len(l.greeting), longest)]
	switch {
	case start[0] == '-', start[0] == '*' && bytes.Contains(start, []byte("\r\n")):
	case start[0] == '*' && len(start) < longest: // the rest is on its way
		return nil
	case start[0] == alert:
		return errSpeaksTLS
	default:
		return errNoRedis
	}
	l.greeted, l.greeting = true, nil
	return nil
}

// told says what an error means on a connection on which Redis has not done anything yet.
func (l *link) told(err error) error {
	if l.asked {
		return err
	}
	return unanswered(err, l.dialer.tls != nil)
}

// SyscallConn is what go-redis asks before it takes a connection from the pool (connCheck in its
// internal/pool): its error has the connection dropped, and so has what waits in the socket: nobody has asked
// for it, or it is the end. With TLS that may also be a ticket, which the server sends after the handshake
// and before its first answer (RFC 8446, section 4.6.1): until then it is not looked for.
func (l *link) SyscallConn() (syscall.RawConn, error) {
	if l.age != l.dialer.age.Load() {
		return nil, errGivenUp
	}
	if l.dialer.tls != nil && !l.greeted {
		return unseen{}, nil
	}
	return l.socket.SyscallConn()
}

// unseen is a socket that is not looked at.
type unseen struct{}

func (unseen) Control(func(uintptr)) error    { return nil }
func (unseen) Read(func(uintptr) bool) error  { return nil }
func (unseen) Write(func(uintptr) bool) error { return nil }
