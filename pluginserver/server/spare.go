package server

import "sync/atomic"

// mostSpare is how many goroutines wait for a connection at most, with some 32 KB of stack each.
const mostSpare = 64

// spare are goroutines whose connections have ended. Kong opens a connection for each request that a plugin answers:
// a new goroutine would grow its stack each time, by copying it, which took an eighth of the server's time.
type spare struct {
	conns   chan *conn
	waiting *atomic.Int32
}

func newSpare() spare { return spare{make(chan *conn), new(atomic.Int32)} }

// take has one of them serve a connection, and tells whether there was one.
func (s spare) take(c *conn) bool {
	select {
	case s.conns <- c:
		return true
	default:
		return false
	}
}

// next waits for the next connection of a goroutine. There is none where enough wait, or after dismiss.
func (s spare) next() (*conn, bool) {
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > mostSpare {
		return nil, false
	}
	c, ok := <-s.conns
	return c, ok
}

// dismiss ends those that wait, and lets nobody wait any more. Whoever takes must have ended.
func (s spare) dismiss() { close(s.conns) }
