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
	// pooled is how the pool sees whether Redis has closed the connection; nil with TLS.
	pooled syscall.Conn
	asked  bool // a script was sent
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
	if err != nil && !l.asked {
		err = undone{l.told(err)}
	}
	return n, err
}

// told says what an error means on a connection on which Redis has not done anything yet.
func (l *link) told(err error) error {
	if l.asked {
		return err
	}
	return unanswered(err, l.pooled == nil)
}

// SyscallConn is what go-redis asks before it takes a connection from the pool (connCheck in its
// internal/pool): its error has the connection dropped. A connection of TLS may hold records that are no
// answer, and is not looked into.
func (l *link) SyscallConn() (syscall.RawConn, error) {
	if l.age != l.dialer.age.Load() {
		return nil, errGivenUp
	}
	if l.pooled == nil {
		return unseen{}, nil
	}
	return l.pooled.SyscallConn()
}

// unseen is a socket that is not looked at.
type unseen struct{}

func (unseen) Control(func(uintptr)) error    { return nil }
func (unseen) Read(func(uintptr) bool) error  { return nil }
func (unseen) Write(func(uintptr) bool) error { return nil }
