package pdkconn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"tollgate/pluginserver/wire"
)

const (
	// maxOwed bounds the replies that Kong may have sent and nobody has read: a socket holds a few
	// hundred, and a full one would block Kong while it is not reading calls.
	maxOwed = 64
	// flushAt bounds what silent calls may collect before it is written.
	flushAt = 32 << 10
	// largestKept is the capacity up to which the output buffer is kept for the next event.
	largestKept = 64 << 10
)

// emptyReply is the frame of a reply that holds nothing.
var emptyReply = make([]byte, wire.HeaderSize)

// Conn is one connection from Kong, for one event after the other. It is a net.Conn for go-pdk, of
// which only Read, Write and Close do anything of their own.
type Conn struct {
	net.Conn
	stream *wire.Stream

	out       []byte // calls that are not written yet
	wholeTo   int    // out[:wholeTo] are whole calls
	callFrom  int    // out[callFrom:wholeTo] is the latest of them, until it is written
	parsedTo  int    // out[:parsedTo] are whole frames
	method    method // of the latest call
	inArgs    bool
	owed      int    // replies that Kong will send and nobody waits for
	awaiting  bool   // the reply to the last call is wanted
	reply     []byte // what is left of the reply for Read
	ahead     ahead  // calls that were made before their answers were asked for
	exited    bool   // kong.response.exit was called
	connError error  // why the connection can be used no more
}

// New returns a Conn that reads and writes conn through stream.
func New(conn net.Conn, stream *wire.Stream) *Conn { return &Conn{Conn: conn, stream: stream} }

// Reset makes the Conn as new on another connection, to which its stream has been reset, and keeps its
// buffers.
func (c *Conn) Reset(conn net.Conn) {
	c.ahead.forget()
	*c = Conn{Conn: conn, stream: c.stream, out: kept(c.out), ahead: c.ahead}
}

// kept is a buffer for the next use, unless one large call has grown it.
func kept(buf []byte) []byte {
	if cap(buf) > largestKept {
		return nil
	}
	return buf[:0]
}

// Write takes a part of a call: go-pdk writes a frame's length and its payload apart.
func (c *Conn) Write(p []byte) (int, error) {
	if c.exited || c.connError != nil {
		return 0, net.ErrClosed
	}
	c.out = append(c.out, p...)
	for {
		payload, size, whole := wire.Cut(c.out[c.parsedTo:])
		if !whole {
			return len(p), nil
		}
		if c.inArgs && isMethod(payload) {
			c.dropHalfCall()
			c.inArgs = false
		}
		c.parsedTo += size
		c.inArgs = !c.inArgs
		if c.inArgs {
			c.method = methodOf(payload)
			continue
		}
		c.callFrom, c.wholeTo = c.wholeTo, c.parsedTo
		if err := c.called(); err != nil {
			return 0, err
		}
	}
}

// dropHalfCall takes a method out that never got its arguments: go-pdk writes the method before it
// finds that the arguments do not marshal, such as a string that is no UTF-8, and returns the error.
func (c *Conn) dropHalfCall() {
	c.out = slices.Delete(c.out, c.wholeTo, c.parsedTo)
	c.parsedTo = c.wholeTo
}

// called does what follows a whole call.
func (c *Conn) called() error {
	switch c.method.kind {
	case final:
		c.exited = true
		return c.flush()
	case silent:
		c.owed++
		c.reply = emptyReply
		if c.owed >= maxOwed {
			if err := c.flush(); err != nil {
				return err
			}
			return c.skipOwed()
		}
		if len(c.out) >= flushAt {
			return c.flush()
		}
	case answered:
		if made := c.madeAhead(); made != nil {
			return c.takeAhead(made)
		}
		c.awaiting = true
		return c.flush()
	}
	return nil
}

// Read hands out the reply to the last call.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.reply) == 0 {
		if err := c.receive(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.reply)
	c.reply = c.reply[n:]
	return n, nil
}

// receive waits for the reply to the last call.
func (c *Conn) receive() error {
	if !c.awaiting {
		return io.EOF // after an exit, to which there is no reply
	}
	if err := c.skipOwed(); err != nil {
		return err
	}
	c.awaiting = false
	frame, err := c.stream.Next()
	switch {
	case errors.Is(err, wire.ErrTooLarge):
		return errors.Join(err, c.fail(c.stream.Skip()))
	case errors.Is(err, io.EOF):
		// So ends a call that Kong refuses, as it does one that is not allowed in the phase.
		return c.fail(fmt.Errorf("kong ended the event at %s: %w", c.method.name, err))
	case err != nil:
		return c.fail(fmt.Errorf("waiting for the reply to %s: %w", c.method.name, err))
	}
	c.reply = frame
	return nil
}

// skipOwed reads the replies that nobody waits for.
func (c *Conn) skipOwed() error {
	for ; c.owed > 0; c.owed-- {
		frame, err := c.stream.Next()
		if errors.Is(err, wire.ErrTooLarge) {
			frame, err = nil, c.stream.Skip()
		}
		switch {
		case errors.Is(err, io.EOF):
			// So ends a call that Kong refuses. Which of them it was, Kong's log says.
			return c.fail(fmt.Errorf("kong ended the event with %d calls unanswered: %w", c.owed, io.ErrUnexpectedEOF))
		case err != nil:
			return c.fail(err)
		}
		c.ahead.passed(frame)
	}
	return nil
}

// flush writes the whole calls collected so far.
func (c *Conn) flush() error {
	if c.connError != nil {
		return c.connError
	}
	err := c.stream.Write(c.out[:c.wholeTo])
	rest := copy(c.out, c.out[c.wholeTo:])
	c.out = c.out[:rest]
	c.parsedTo -= c.wholeTo
	c.wholeTo = 0
	return c.fail(err)
}

// fail remembers that the connection can be used no more.
func (c *Conn) fail(err error) error {
	if err != nil {
		c.connError = err
	}
	return err
}

// Close is what go-pdk calls after an exit. The connection itself belongs to the server.
func (c *Conn) Close() error { return nil }
