package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// Errors of a Stream.
var (
	// ErrTooLarge tells that a frame exceeds Limits.Frame. Skip puts the stream behind it.
	ErrTooLarge = errors.New("frame is too large")
	// ErrTimeout tells that the peer stayed silent, or did not read, for longer than Limits.Patience.
	ErrTimeout = errors.New("peer is silent")
	// ErrStopped tells that NextIdle was asked to stop before a frame began.
	ErrStopped = errors.New("stopped while idle")
)

// Limits bound what a peer can make a Stream hold and wait for.
type Limits struct {
	// Frame is the longest payload accepted, in bytes.
	Frame int
	// Patience is how long a frame that is owed may take. It is kept coarsely, so that a deadline
	// need not be set for each read: a silent peer is given up after one to two times Patience.
	Patience time.Duration
}

const (
	smallBuffer = 4 << 10  // holds the frames of most events
	largeBuffer = 64 << 10 // a buffer grown beyond this is given up after its frame
)

// Stream reads and writes frames on a connection. One goroutine at a time uses it.
type Stream struct {
	conn   net.Conn
	limits Limits

	buf        []byte
	start, end int // unread bytes are buf[start:end]
	oversize   int // bytes to discard of the frame that was too large, header included

	readDeadline, writeDeadline time.Time // as set on conn
}

// NewStream returns a Stream on conn.
func NewStream(conn net.Conn, limits Limits) *Stream {
	return &Stream{conn: conn, limits: limits, buf: make([]byte, smallBuffer)}
}

// Reset makes the Stream as new on another connection, and keeps its buffer.
func (s *Stream) Reset(conn net.Conn) {
	buf := s.buf
	if len(buf) > largeBuffer {
		buf = make([]byte, smallBuffer)
	}
	*s = Stream{conn: conn, limits: s.limits, buf: buf}
}

// Next returns the next frame, header included, valid until the next call. The frame is owed: the
// peer has Limits.Patience for it.
func (s *Stream) Next() ([]byte, error) {
	return s.next(nil)
}

// NextIdle is Next for a frame that may come at any time or never: patience begins with its first
// byte. When the connection's read deadline is moved into the past, it asks stopped whether to end.
func (s *Stream) NextIdle(stopped func() bool) ([]byte, error) {
	return s.next(stopped)
}

func (s *Stream) next(stopped func() bool) ([]byte, error) {
	s.shrink()
	var began time.Time // when the wait for an owed frame began
	for {
		_, size, whole := Cut(s.buf[s.start:s.end])
		switch {
		case whole:
			frame := s.buf[s.start : s.start+size]
			s.start += size
			return frame, nil
		case size-HeaderSize > s.limits.Frame:
			s.oversize = size
			return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size-HeaderSize, s.limits.Frame)
		}
		now := time.Now()
		idle := stopped != nil && s.start == s.end
		if began.IsZero() && !idle {
			began = now
		}
		if err := s.armRead(now); err != nil {
			return nil, err
		}
		if idle && stopped() { // asked after the deadline was set, which may have undone a stop's
			return nil, ErrStopped
		}
		if err := s.fill(max(size, HeaderSize)); err == nil {
			continue
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, s.endOfStream(err)
		}
		if !idle && time.Since(began) >= s.limits.Patience {
			return nil, ErrTimeout
		}
	}
}

// endOfStream tells an end between frames, io.EOF, from one within a frame.
func (s *Stream) endOfStream(err error) error {
	if errors.Is(err, io.EOF) && s.start != s.end {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fill reads once, into a buffer with room for a frame of the given size.
func (s *Stream) fill(size int) error {
	s.makeRoom(size)
	n, err := s.conn.Read(s.buf[s.end:])
	s.end += n
	if n > 0 {
		return nil // an error comes again at the next read
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.readDeadline = time.Time{}
	}
	return err
}

func (s *Stream) makeRoom(size int) {
	if s.start == s.end {
		s.start, s.end = 0, 0
	}
	if s.start+size <= len(s.buf) && s.end < len(s.buf) {
		return
	}
	buf := s.buf
	if size > len(buf) {
		buf = make([]byte, size)
	}
	s.end = copy(buf, s.buf[s.start:s.end])
	s.start, s.buf = 0, buf
}

// shrink gives up a buffer that one large frame has grown, once that frame has been used.
func (s *Stream) shrink() {
	if s.start == s.end && len(s.buf) > largeBuffer {
		s.buf = make([]byte, smallBuffer)
		s.start, s.end = 0, 0
	}
}

// Skip discards the frame that Next refused as too large.
func (s *Stream) Skip() error {
	buffered := min(s.oversize, s.end-s.start)
	s.start += buffered
	s.oversize -= buffered
	for began := time.Now(); s.oversize > 0; {
		if err := s.armRead(time.Now()); err != nil {
			return err
		}
		n, err := s.conn.Read(s.buf[:min(s.oversize, len(s.buf))])
		s.oversize -= n
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && time.Since(began) < s.limits.Patience:
			s.readDeadline = time.Time{} // moved by a stop: the frame is still owed
		case err != nil:
			return err
		}
	}
	return nil
}

// Write writes whole frames, as made by AppendFrame.
func (s *Stream) Write(frames []byte) error {
	now := time.Now()
	if s.writeDeadline.Before(now.Add(s.limits.Patience)) {
		s.writeDeadline = now.Add(2 * s.limits.Patience)
		if err := s.conn.SetWriteDeadline(s.writeDeadline); err != nil {
			return err
		}
	}
	if _, err := s.conn.Write(frames); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return ErrTimeout
		}
		return err
	}
	return nil
}

// armRead sees to a read deadline at least Patience away. It sets one only every so often: timers
// cost more than the comparison.
func (s *Stream) armRead(now time.Time) error {
	if !s.readDeadline.Before(now.Add(s.limits.Patience)) {
		return nil
	}
	s.readDeadline = now.Add(2 * s.limits.Patience)
	return s.conn.SetReadDeadline(s.readDeadline)
}

// Payload returns what a frame holds.
func Payload(frame []byte) []byte { return frame[HeaderSize:] }
