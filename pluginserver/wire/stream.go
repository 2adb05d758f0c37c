package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"tollgate/internal/shared"
)

// Errors of a Stream.
var (
	// ErrTooLarge tells that a frame exceeds Limits.Frame. Skip puts the stream behind it.
	ErrTooLarge = errors.New("frame is too large")
	// ErrTimeout tells that the peer did not send a whole frame, or did not read, within Limits.Patience.
	ErrTimeout = errors.New("peer is silent")
	// ErrStopped tells that NextIdle was asked to stop before a frame began.
	ErrStopped = errors.New("stopped while idle")
)

// Limits bound what a peer can make a Stream hold and wait for.
type Limits struct {
	// Frame is the longest payload accepted, in bytes.
	Frame int
	// Patience is how long a frame that is owed may take, from when it is waited for or its first byte came to
	// its last byte. It is kept coarsely, so that a deadline need not be set for each read: a silent peer is
	// given up after one to two times Patience.
	Patience time.Duration
	// Room is what the large frames of all streams may hold together, those that are being written too; nil is no
	// bound.
	Room *shared.Room
}

const (
	smallBuffer = 4 << 10  // holds the frames of most events
	largeBuffer = 64 << 10 // a buffer grown beyond this needs room, and is given up after its frame
)

// Stream reads and writes frames on a connection. One goroutine at a time uses it.
type Stream struct {
	conn   net.Conn
	limits Limits

	buf        []byte
	start, end int // unread bytes are buf[start:end]
	oversize   int // bytes to discard of the frame that was too large, header included

	readDeadline, writeDeadline time.Time // as set on conn

	room  int          // taken of limits.Room since the latest idle wait
	grown int          // of that, for the buffer as it is
	since atomic.Int64 // when the wait for the peer began, as note writes it
}

// NewStream returns a Stream on conn.
func NewStream(conn net.Conn, limits Limits) *Stream {
	return &Stream{conn: conn, limits: limits, buf: make([]byte, smallBuffer)}
}

// Reset makes the Stream as new on another connection, and keeps its buffer.
func (s *Stream) Reset(conn net.Conn) {
	s.Release()
	s.conn = conn
	s.readDeadline, s.writeDeadline = time.Time{}, time.Time{}
}

// Release gives up what the Stream holds, once its connection has ended.
func (s *Stream) Release() {
	s.start, s.end, s.oversize = 0, 0, 0
	s.shrink()
	s.giveRoom()
	s.since.Store(0)
}

// Next returns the next frame, header included, valid until the next call. The frame is owed: the
// peer has Limits.Patience for it.
func (s *Stream) Next() ([]byte, error) {
	return s.next(nil)
}

// NextIdle is Next for a frame that may come at any time or never: patience begins with its first
// byte. When the connection's read deadline is moved into the past, it asks stopped whether to end.
func (s *Stream) NextIdle(stopped func() bool) ([]byte, error) {
	s.shrink()
	s.giveRoom()
	return s.next(stopped)
}

func (s *Stream) next(stopped func() bool) ([]byte, error) {
	s.shrink()
	w := wait{stopped: stopped}
	for {
		_, size, whole := Cut(s.buf[s.start:s.end])
		switch {
		case whole:
			s.waited(&w)
			frame := s.buf[s.start : s.start+size]
			s.start += size
			return frame, nil
		case size-HeaderSize > s.limits.Frame:
			s.waited(&w)
			s.oversize = size
			return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size-HeaderSize, s.limits.Frame)
		}
		if err := s.await(&w, max(size, HeaderSize)); err != nil {
			s.waited(&w)
			return nil, err
		}
	}
}

// wait is one call's wait for a frame.
type wait struct {
	stopped func() bool // nil where the frame is owed
	since   time.Time   // when it began; zero until then
	owed    bool        // the peer is not idle, or not any more
}

// await reads once of a frame with the given size, or of its header. How long it takes is looked at before each
// read: a peer that sends its frame byte by byte is never silent.
func (s *Stream) await(w *wait, size int) error {
	now := time.Now()
	owed := w.stopped == nil || s.start != s.end
	switch {
	case w.since.IsZero() || owed != w.owed:
		w.since, w.owed = now, owed
		s.note(now, owed)
	case owed && now.Sub(w.since) >= s.limits.Patience:
		return ErrTimeout
	}
	if err := s.armRead(now); err != nil {
		return err
	}
	if !owed && w.stopped() { // asked after the deadline was set, which may have undone a stop's
		return ErrStopped
	}
	if err := s.fill(size); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return s.endOfStream(err)
	}
	return nil
}

// note tells other goroutines since when the peer is waited for. The sign tells whether it owes something.
func (s *Stream) note(now time.Time, owed bool) {
	since := now.UnixNano()
	if !owed {
		since = -since
	}
	s.since.Store(since)
}

// waited ends what note began.
func (s *Stream) waited(w *wait) {
	if !w.since.IsZero() {
		s.since.Store(0)
	}
}

// Waiting tells since when the Stream waits for its peer, zero where it does not, and whether the peer owes a
// frame, or the rest of one. Any goroutine may call it.
func (s *Stream) Waiting() (since time.Time, owed bool) {
	switch nanoseconds := s.since.Load(); {
	case nanoseconds > 0:
		return time.Unix(0, nanoseconds), true
	case nanoseconds < 0:
		return time.Unix(0, -nanoseconds), false
	}
	return time.Time{}, false
}

// endOfStream tells an end between frames, io.EOF, from one within a frame.
func (s *Stream) endOfStream(err error) error {
	if errors.Is(err, io.EOF) && s.start != s.end {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fill reads once, into a buffer with room for more of a frame of the given size.
func (s *Stream) fill(size int) error {
	if err := s.makeRoom(size); err != nil {
		return err
	}
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

// Skip discards the frame that Next refused as too large.
func (s *Stream) Skip() error {
	buffered := min(s.oversize, s.end-s.start)
	s.start += buffered
	s.oversize -= buffered
	for began := time.Now(); s.oversize > 0; {
		if time.Since(began) >= s.limits.Patience {
			return ErrTimeout
		}
		if err := s.armRead(time.Now()); err != nil {
			return err
		}
		n, err := s.conn.Read(s.buf[:min(s.oversize, len(s.buf))])
		s.oversize -= n
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.readDeadline = time.Time{} // moved by a stop: the frame is still owed
		case err != nil:
			return err
		}
	}
	return nil
}

// Write writes whole frames, as made by AppendFrame.
func (s *Stream) Write(frames []byte) error {
	if room := s.limits.Room; room != nil && len(frames) > largeBuffer { // held for as long as the peer does not read
		if err := room.Take(len(frames)); err != nil {
			return err
		}
		defer room.Give(len(frames))
	}
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
