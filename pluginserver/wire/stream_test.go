package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var testLimits = Limits{Frame: 1 << 20, Patience: 30 * time.Second}

// kongWrites sends payloads as Kong does: the length and the payload apart, each cut once more at
// split.
func kongWrites(t *testing.T, conn net.Conn, split int, payloads ...string) {
	t.Helper()
	for _, payload := range payloads {
		frame := AppendString(nil, payload)
		for _, piece := range [][]byte{frame[:HeaderSize], frame[HeaderSize:]} {
			at := min(split, len(piece))
			for _, part := range [][]byte{piece[:at], piece[at:]} {
				if len(part) == 0 {
					continue
				}
				if _, err := conn.Write(part); err != nil {
					t.Errorf("writing: %v", err)
					return
				}
			}
		}
	}
}

func TestStreamReadsFramesHoweverTheyAreSplit(t *testing.T) {
	payloads := []string{"", "a", strings.Repeat("b", smallBuffer-HeaderSize), strings.Repeat("c", smallBuffer), strings.Repeat("d", 3*largeBuffer), "e", ""}
	for _, split := range []int{0, 1, 2, 3, 100} {
		ours, kongs := net.Pipe()
		go kongWrites(t, kongs, split, payloads...)
		s := NewStream(ours, testLimits)
		for i, want := range payloads {
			frame, err := s.Next()
			if err != nil {
				t.Fatalf("split %d, frame %d: %v", split, i, err)
			}
			if got := string(Payload(frame)); got != want {
				t.Fatalf("split %d, frame %d: got %d bytes, want %d", split, i, len(got), len(want))
			}
		}
		if len(s.buf) > largeBuffer {
			t.Errorf("split %d: a buffer of %d bytes is kept after one large frame", split, len(s.buf))
		}
	}
}

func TestStreamReadsSeveralFramesOfOneWrite(t *testing.T) {
	ours, kongs := net.Pipe()
	go func() { _, _ = kongs.Write(AppendString(AppendString(AppendString(nil, "one"), ""), "three")) }()
	s := NewStream(ours, testLimits)
	for _, want := range []string{"one", "", "three"} {
		frame, err := s.Next()
		if err != nil || string(Payload(frame)) != want {
			t.Fatalf("got %q, %v; want %q", frame, err, want)
		}
	}
}

func TestStreamSkipsAFrameThatIsTooLarge(t *testing.T) {
	ours, kongs := net.Pipe()
	go kongWrites(t, kongs, 0, "before", strings.Repeat("x", 10_000), "after")
	s := NewStream(ours, Limits{Frame: 9_999, Patience: time.Minute})
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("got %v, want ErrTooLarge", err)
	}
	if err := s.Skip(); err != nil {
		t.Fatal(err)
	}
	if frame, err := s.Next(); err != nil || string(Payload(frame)) != "after" {
		t.Fatalf("after the skipped frame: got %q, %v", frame, err)
	}
}

func TestStreamTellsTheEndBetweenFramesFromOneWithin(t *testing.T) {
	for sent, want := range map[string]error{"": io.EOF, "\x05": io.ErrUnexpectedEOF, "\x05\x00\x00\x00ab": io.ErrUnexpectedEOF} {
		ours, kongs := net.Pipe()
		go func() {
			_, _ = io.WriteString(kongs, sent)
			_ = kongs.Close()
		}()
		if _, err := NewStream(ours, testLimits).Next(); !errors.Is(err, want) {
			t.Errorf("after %q: got %v, want %v", sent, err, want)
		}
	}
}

func TestStreamGivesUpAPeerThatOwesAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, kongs := net.Pipe()
		defer kongs.Close()
		go func() { _, _ = kongs.Write([]byte{5, 0}) }()
		began := time.Now()
		_, err := NewStream(ours, testLimits).Next()
		if !errors.Is(err, ErrTimeout) {
			t.Fatalf("got %v, want ErrTimeout", err)
		}
		if waited := time.Since(began); waited < testLimits.Patience || waited > 2*testLimits.Patience {
			t.Errorf("gave up after %v, want between one and two times %v", waited, testLimits.Patience)
		}
	})
}

func TestStreamWaitsForAnIdlePeerUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, kongs := net.Pipe()
		defer kongs.Close()
		s := NewStream(ours, testLimits)
		var stopped atomic.Bool
		go func() {
			time.Sleep(time.Hour)
			kongWrites(t, kongs, 1, "late")
			time.Sleep(time.Hour)
			stopped.Store(true)
			_ = ours.SetReadDeadline(time.Unix(1, 0))
		}()
		isStopped := stopped.Load
		if frame, err := s.NextIdle(isStopped); err != nil || string(Payload(frame)) != "late" {
			t.Fatalf("got %q, %v", frame, err)
		}
		if _, err := s.NextIdle(isStopped); !errors.Is(err, ErrStopped) {
			t.Fatalf("got %v, want ErrStopped", err)
		}
	})
}

func TestStreamFinishesAFrameThatBeganBeforeTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, kongs := net.Pipe()
		defer kongs.Close()
		var stopped atomic.Bool
		go func() {
			_, _ = kongs.Write([]byte{2, 0, 0, 0, 'o'})
			stopped.Store(true)
			_ = ours.SetReadDeadline(time.Unix(1, 0))
			time.Sleep(time.Second)
			_, _ = kongs.Write([]byte{'k'})
		}()
		frame, err := NewStream(ours, testLimits).NextIdle(stopped.Load)
		if err != nil || string(Payload(frame)) != "ok" {
			t.Fatalf("got %q, %v", frame, err)
		}
	})
}

func TestStreamGivesUpAPeerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, kongs := net.Pipe()
		defer kongs.Close()
		if err := NewStream(ours, testLimits).Write([]byte("x")); !errors.Is(err, ErrTimeout) {
			t.Fatalf("got %v, want ErrTimeout", err)
		}
	})
}

// FuzzStream feeds any bytes in any pieces: what comes out is exactly the frames that went in.
func FuzzStream(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00ok\x00\x00\x00\x00"), uint8(3))
	f.Add([]byte("\xff\xff\xff\xff"), uint8(1))
	f.Add([]byte("\x00\x04\x00\x00"+strings.Repeat("a", 1<<10)+"\x01\x04\x00\x00b"), uint8(0xff))
	f.Fuzz(func(t *testing.T, sent []byte, piece uint8) {
		ours, kongs := net.Pipe()
		go func() {
			defer kongs.Close()
			for rest := sent; len(rest) > 0; {
				n := min(int(piece)+1, len(rest))
				if _, err := kongs.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		}()
		s := NewStream(ours, Limits{Frame: 1 << 10, Patience: time.Minute})
		var got []byte
		for {
			frame, err := s.Next()
			if err != nil {
				break
			}
			got = append(got, frame...)
		}
		_ = ours.Close()
		if !bytes.HasPrefix(sent, got) {
			t.Fatalf("sent %x, read frames %x", sent, got)
		}
		if rest := sent[len(got):]; len(rest) >= HeaderSize {
			if _, size, whole := Cut(rest); whole && size-HeaderSize <= 1<<10 {
				t.Fatalf("a whole frame of %d bytes was left", size)
			}
		}
	})
}
