package wire

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder notes every call of Write.
type recorder struct {
	net.Conn
	writes [][]byte
}

func (r *recorder) Write(p []byte) (int, error) {
	r.writes = append(r.writes, bytes.Clone(p))
	return len(p), nil
}

func (r *recorder) SetWriteDeadline(time.Time) error { return nil }

func TestAFrameIsTwoWrites(t *testing.T) {
	r := &recorder{}
	c := newConn(r, time.Second)
	for _, data := range [][]byte{[]byte("abc"), nil} {
		if err := c.WriteFrame(data); err != nil {
			t.Fatal(err)
		}
	}
	want := [][]byte{{3, 0, 0, 0}, []byte("abc"), {0, 0, 0, 0}}
	if diff := cmp.Diff(want, r.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestReadFrame(t *testing.T) {
	for _, row := range []struct {
		name   string
		pieces []string
		want   string
		err    error
	}{
		{"one byte after the other", []string{"\x02", "\x00\x00", "\x00", "h", "i"}, "hi", nil},
		{"an empty frame", []string{"\x00\x00\x00\x00"}, "", nil},
		{"nothing", nil, "", Error("closed")},
		{"half a length", []string{"\x02\x00"}, "", Error("closed")},
		{"half a frame", []string{"\x02\x00\x00\x00h"}, "", Error("closed")},
		{"a giant", []string{"\xff\xff\xff\xff"}, "", Error("a frame of 4294967295 bytes is more than kongsim reads")},
	} {
		t.Run(row.name, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			done := make(chan bool)
			go func() {
				defer close(done)
				for _, piece := range row.pieces {
					if _, err := far.Write([]byte(piece)); err != nil {
						t.Error(err)
					}
				}
				far.Close()
			}()
			got, err := newConn(near, time.Second).ReadFrame()
			<-done
			if !errors.Is(err, row.err) || err == nil && string(got) != row.want {
				t.Errorf("got %q, %v; want %q, %v", got, err, row.want, row.err)
			}
		})
	}
}

func TestReadTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		began := time.Now()
		if _, err := newConn(near, time.Minute).ReadFrame(); !errors.Is(err, Error("timeout")) {
			t.Errorf("error %v", err)
		}
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
	})
}

// listen accepts connections and hands them out.
func listen(t *testing.T) (path string, accepted chan net.Conn) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	accepted = make(chan net.Conn, 8)
	done := make(chan bool)
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
		for len(accepted) > 0 {
			(<-accepted).Close()
		}
		os.RemoveAll(dir)
	})
	return path, accepted
}

func get(t *testing.T, p *Pool) *Conn {
	t.Helper()
	c, err := p.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPoolTakesTheLastOneFirstAndDropsTheOldest(t *testing.T) {
	path, _ := listen(t)
	p := NewPool(path, Limits{Idle: time.Minute, Timeout: time.Minute, Size: 2})
	defer p.Close()
	a, b, c := get(t, p), get(t, p), get(t, p)
	p.Put(a)
	p.Put(b)
	p.Put(c)
	if n := p.Open(); n != 2 {
		t.Errorf("%d open, want the pool's size", n)
	}
	if got := get(t, p); got != c {
		t.Error("not the one used last")
	}
	if got := get(t, p); got != b {
		t.Error("not the one before it")
	}
	if got := get(t, p); got == a {
		t.Error("the dropped one")
	}
}

func TestPoolKeepsNothingThatIsLostOrUnread(t *testing.T) {
	for _, row := range []struct {
		name   string
		spoil  func(far net.Conn)
		before bool // it is spoiled before it is put back
	}{
		{"closed while it lay idle", func(far net.Conn) { far.Close() }, false},
		{"closed before it was put back", func(far net.Conn) { far.Close() }, true},
		{"bytes that nobody read", func(far net.Conn) { far.Write([]byte("x")) }, true},
		{"bytes that came while it lay idle", func(far net.Conn) { far.Write([]byte("x")) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			path, accepted := listen(t)
			p := NewPool(path, Limits{Idle: time.Minute, Timeout: time.Minute, Size: 2})
			defer p.Close()
			c := get(t, p)
			far := <-accepted
			defer far.Close()
			if row.before {
				row.spoil(far)
			}
			p.Put(c)
			if !row.before {
				row.spoil(far)
			}
			if got := get(t, p); got == c {
				t.Error("it was given out again")
			}
			if n := p.Open(); n != 1 {
				t.Errorf("%d open", n)
			}
		})
	}
}

func TestPoolClosesWhatLiesIdleTooLong(t *testing.T) {
	path, accepted := listen(t)
	p := NewPool(path, Limits{Idle: time.Millisecond, Timeout: time.Minute, Size: 2})
	defer p.Close()
	p.Put(get(t, p))
	far := <-accepted
	defer far.Close()
	if _, err := far.Read(make([]byte, 1)); err == nil { // returns when the pool has closed its end
		t.Error("something was written")
	}
	if n := p.Open(); n != 0 {
		t.Errorf("%d open", n)
	}
}

func TestClosedPoolClosesAll(t *testing.T) {
	path, _ := listen(t)
	p := NewPool(path, Limits{Idle: time.Minute, Timeout: time.Minute, Size: 2})
	idle, busy := get(t, p), get(t, p)
	p.Put(idle)
	p.Close()
	p.Put(busy)
	if n := p.Open(); n != 0 {
		t.Errorf("%d open", n)
	}
	if _, err := p.Get(context.Background()); !errors.Is(err, Error("closed")) {
		t.Errorf("error %v", err)
	}
}
