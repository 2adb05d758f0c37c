package tieredlimit

import (
	"errors"
	"net"
	"slices"
	"testing"
)

// partly is a connection that takes some bytes and breaks.
type partly struct {
	net.Conn
	takes []int // of each write; the last one fails
}

func (p *partly) Read(b []byte) (int, error) { return copy(b, "-ERR\r\n"), nil }

func (p *partly) Write(b []byte) (int, error) {
	n := min(p.takes[0], len(b))
	if p.takes = p.takes[1:]; len(p.takes) > 0 {
		return len(b), nil
	}
	return n, net.ErrClosed
}

func TestAWriteThatFailsHasDoneNothingWhereNoCallIsWhole(t *testing.T) {
	one := command("evalsha", "hash", "1", "key", "1")
	two := slices.Concat(one, one)
	hello := command("hello", "2")
	tests := map[string]struct {
		writes [][]byte
		last   int  // bytes of the last write that are taken
		reads  bool // before it
		want   bool
	}{
		"a lone call in part":               {[][]byte{one}, 9, false, true},
		"the first of several, not a byte":  {[][]byte{two}, 0, false, true},
		"the first of several":              {[][]byte{two}, len(one), false, false},
		"the rest of several":               {[][]byte{two, one}, 0, false, false},
		"a lone call after an answer":       {[][]byte{two, one}, 9, true, true},
		"a call on a connection just built": {[][]byte{hello, one}, 9, false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := &link{Conn: &partly{takes: append(make([]int, len(test.writes)-1), test.last)}, dialer: &dialer{}, backend: &backend{}}
			var err error
			for i, b := range test.writes {
				if test.reads && i == len(test.writes)-1 {
					_, _ = l.Read(make([]byte, 9))
				}
				_, err = l.Write(b)
			}
			if err == nil || errors.Is(err, errNothingDone) != test.want {
				t.Errorf("error %v, nothing done: %v, want %v", err, !test.want, test.want)
			}
		})
	}
}
