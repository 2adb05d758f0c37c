package tieredlimit

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// link is one connection to Redis. It knows whether a script was sent on it: until then nothing can have been
// debited, whatever becomes of it.
type link struct {
	net.Conn
	dialer  *dialer
	backend *backend
	// age and backendAge are those of the dialer and of the backend when the link was opened.
	age, backendAge uint64
	left            sync.Once
	// socket is what lies below, TLS or not.
	socket syscall.Conn
	// greeting is how the first answer begins, until it is known to be that of a Redis.
	greeting []byte
	greeted  bool
	asked    bool // a script was sent
	unread   bool // something was sent since the last answer
}

// errGivenUp has the pool drop a connection.
var errGivenUp = errors.New("the connection is given up")

var _ syscall.Conn = (*link)(nil)

// Write has sent no whole script call where it fails with the first bytes of a lone call, so that Redis did none.
// Where there are several calls, or some of it was sent before, one may have arrived.
func (l *link) Write(b []byte) (int, error) {
	before := l.asked && l.unread
	// EVAL and EVALSHA, as go-redis writes them. A password in which that stands errs on the safe side.
	if !l.asked && bytes.Contains(b, []byte("\r\neval")) {
		l.asked = true
	}
	n, err := l.Conn.Write(b)
	l.unread = true
	if err == nil {
		return n, nil
	}
	l.backend.learn(l.backendAge, err)
	if !before && (n == 0 || !bytes.Contains(b, []byte("\r\n*"))) { // where another call begins
		err = undone{l.told(err)}
	}
	return n, err
}

// Read reads an answer, or a part of it.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.unread = l.unread && n == 0
	if !l.greeted && n > 0 {
		if stranger := l.greet(b[:n]); stranger != nil {
			l.backend.learn(l.backendAge, stranger)
			return 0, undone{stranger}
		}
	}
	l.backend.learn(l.backendAge, err)
	if err != nil && !l.asked {
		err = undone{l.told(err)}
	}
	return n, err
}

// Close closes the connection.
func (l *link) Close() error {
	l.left.Do(func() { l.dialer.backends.leave(l.backend) })
	return l.Conn.Close()
}

// greet judges how the first answer begins, which is to HELLO: an error, or a list of which the first element is a
// word. What is neither, or is long, is not left to go-redis, which reads as much as it is told.
func (l *link) greet(b []byte) error {
	const alert = 0x15 // RFC 8446, section 5.1
	l.greeting = append(l.greeting, b...)
	switch l.greeting[0] {
	case '-':
		l.greeted, l.greeting = true, nil
		return nil
	case alert:
		return errSpeaksTLS
	}
	element, whole, short := shortLine(l.greeting, '*')
	if whole && short {
		_, whole, short = shortLine(element, '$')
	}
	if !short {
		return errNoRedis
	}
	if whole { // else the rest is on its way
		l.greeted, l.greeting = true, nil
	}
	return nil
}

// shortLine reads a line of RESP that tells how much follows, and whether that is less than a hundred, as far as the
// line has come.
func shortLine(b []byte, mark byte) (rest []byte, whole, short bool) {
	const longest = len("*99\r")
	line, rest, whole := bytes.Cut(b, []byte("\r\n"))
	if whole {
		line = b[:len(line)+1]
	}
	return rest, whole, len(line) == 0 || line[0] == mark && len(line) <= longest
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
// and before its first answer (RFC 8446, section 4.6.1): until then only the end is looked for.
func (l *link) SyscallConn() (syscall.RawConn, error) {
	if l.age != l.dialer.age.Load() || l.backendAge != l.backend.age.Load() {
		return nil, errGivenUp
	}
	socket, err := l.socket.SyscallConn()
	if err != nil || l.dialer.tls == nil || l.greeted {
		return socket, err
	}
	ended, err := hasEnded(socket)
	if ended {
		return nil, errGivenUp
	}
	return unseen{}, err
}

// hasEnded tells whether the server has closed a connection, whatever waits to be read before the end.
func hasEnded(socket syscall.RawConn) (ended bool, err error) {
	control := socket.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		_, err = unix.Poll(poll, 0)
		ended = poll[0].Revents != 0
	})
	return ended, errors.Join(control, err)
}

// unseen is a socket that is not looked at.
type unseen struct{}

func (unseen) Control(func(uintptr)) error    { return nil }
func (unseen) Read(func(uintptr) bool) error  { return nil }
func (unseen) Write(func(uintptr) bool) error { return nil }
