package wire

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/internal/shared"
)

// drip sends one byte a second until the other end is closed.
func drip(conn net.Conn, first []byte) {
	_, err := conn.Write(first)
	for err == nil {
		time.Sleep(time.Second)
		_, err = conn.Write([]byte{0})
	}
}

// A peer that sends a byte now and then is never silent: only the whole can be late.
func TestStreamGivesUpAFrameThatDripsIn(t *testing.T) {
	for name, read := range map[string]func(*Stream) error{
		"an answer":            func(s *Stream) error { _, err := s.Next(); return err },
		"a command":            func(s *Stream) error { _, err := s.NextIdle(func() bool { return false }); return err },
		"one that is too long": func(s *Stream) error { _, err := s.Next(); return errors.Join(err, s.Skip()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				size := byte(0x0f)
				if name == "one that is too long" {
					size = 0xff
				}
				ours, kongs := net.Pipe()
				go drip(kongs, []byte{0, 0, size, 0})
				began := time.Now()
				err := read(NewStream(ours, testLimits))
				if !errors.Is(err, ErrTimeout) {
					t.Errorf("got %v, want ErrTimeout", err)
				}
				if waited := time.Since(began); waited < testLimits.Patience || waited > testLimits.Patience+2*time.Second {
					t.Errorf("gave up after %v, want %v", waited, testLimits.Patience)
				}
				_ = ours.Close()
				time.Sleep(time.Second) // until the dripping has ended
				synctest.Wait()
			})
		})
	}
}

func TestStreamGrowsWithWhatComesAndNotWithWhatIsAnnounced(t *testing.T) {
	ours, kongs := net.Pipe()
	s := NewStream(ours, testLimits)
	failed := make(chan error)
	go func() { _, err := s.Next(); failed <- err }()
	_, _ = kongs.Write([]byte{0, 0, 0x0f, 0})
	_, _ = kongs.Write(make([]byte, 3*smallBuffer))
	_ = kongs.Close()
	if err := <-failed; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if len(s.buf) > 8*smallBuffer {
		t.Errorf("a buffer of %d bytes for %d that came", len(s.buf), 3*smallBuffer)
	}
}

func TestLargeFramesShareTheirRoom(t *testing.T) {
	large := strings.Repeat("x", 3*largeBuffer)
	limits := testLimits
	limits.Room = shared.NewRoom(len(large) + HeaderSize + largeBuffer)
	read := func(payload string) (*Stream, error) {
		ours, kongs := net.Pipe()
		t.Cleanup(func() { _ = ours.Close() })
		go func() { _, _ = kongs.Write(AppendString(nil, payload)) }()
		s := NewStream(ours, limits)
		_, err := s.Next()
		return s, err
	}
	first, err := read(large)
	if err != nil || limits.Room.Taken() != len(large)+HeaderSize {
		t.Fatalf("the first large frame: %v, %d bytes taken", err, limits.Room.Taken())
	}
	second, err := read(large)
	if !errors.Is(err, shared.ErrNoRoom) {
		t.Errorf("a large frame beside it: %v, want ErrNoRoom", err)
	}
	if _, err := read(strings.Repeat("x", largeBuffer-HeaderSize)); err != nil {
		t.Errorf("a frame that needs no room: %v", err)
	}
	first.Release()
	second.Release()
	if taken := limits.Room.Taken(); taken != 0 {
		t.Errorf("%d bytes are taken after all", taken)
	}
	if _, err := read(large); err != nil {
		t.Errorf("a large frame later: %v", err)
	}
}

func TestALargeAnswerHoldsItsRoomUntilTheNextCommand(t *testing.T) {
	limits := testLimits
	limits.Room = shared.NewRoom(1 << 20)
	ours, kongs := net.Pipe()
	large := strings.Repeat("x", 2*largeBuffer)
	go kongWrites(t, kongs, 0, large, "small", large, "command")
	s := NewStream(ours, limits)
	size := len(large) + HeaderSize
	for i, want := range []int{size, size, 2 * size} {
		if _, err := s.Next(); err != nil || limits.Room.Taken() != want {
			t.Fatalf("after answer %d: %v, %d bytes taken, want %d", i, err, limits.Room.Taken(), want)
		}
	}
	if _, err := s.NextIdle(func() bool { return false }); err != nil || limits.Room.Taken() != 0 {
		t.Errorf("after the next command: %v, %d bytes taken", err, limits.Room.Taken())
	}
}

func TestAPeerThatDoesNotReadHoldsRoom(t *testing.T) {
	limits := testLimits
	limits.Room = shared.NewRoom(3 * largeBuffer)
	ours, kongs := net.Pipe()
	large := AppendString(nil, strings.Repeat("x", 2*largeBuffer))
	written := make(chan error)
	s := NewStream(ours, limits)
	go func() { written <- s.Write(large) }()
	_, _ = kongs.Read(make([]byte, 1)) // it has begun
	other, _ := net.Pipe()
	if err := NewStream(other, limits).Write(large); !errors.Is(err, shared.ErrNoRoom) {
		t.Errorf("another large write: %v, want ErrNoRoom", err)
	}
	_, _ = io.ReadFull(kongs, large[1:])
	if err := <-written; err != nil || limits.Room.Taken() != 0 {
		t.Errorf("%v, %d bytes taken after all", err, limits.Room.Taken())
	}
}

func TestStreamTellsSinceWhenItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, kongs := net.Pipe()
		defer kongs.Close()
		s := NewStream(ours, testLimits)
		waits := func(what string, wantSince time.Time, wantOwed bool) {
			t.Helper()
			synctest.Wait()
			if since, owed := s.Waiting(); !since.Equal(wantSince) || owed != wantOwed {
				t.Errorf("%s: since %v, owed %v, want %v, %v", what, since, owed, wantSince, wantOwed)
			}
		}
		waits("before", time.Time{}, false)
		next := func() { _, _ = s.NextIdle(func() bool { return false }) }
		go next()
		waits("idle", time.Now(), false)
		time.Sleep(time.Minute)
		_, _ = kongs.Write([]byte{1})
		waits("half a frame", time.Now(), true)
		_, _ = kongs.Write([]byte{0, 0, 0, 'a'})
		waits("between frames", time.Time{}, false)
		go func() { _, _ = s.Next() }()
		waits("an answer is owed", time.Now(), true)
		_, _ = kongs.Write([]byte{0, 0, 0, 0})
		waits("after", time.Time{}, false)
	})
}
