package tieredlimit

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
)

// line is a connection to Redis that costs next to nothing, so that what a benchmark measures is Redis.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func dial(b *testing.B, addr string) *line {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &line{conn: conn, in: bufio.NewReader(conn)}
}

// command is how a command goes over the wire.
func command(words ...string) []byte {
	text := append(strconv.AppendInt([]byte("*"), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		text = append(strconv.AppendInt(append(text, '$'), int64(len(w)), 10), "\r\n"...)
		text = append(append(text, w...), "\r\n"...)
	}
	return text
}

// send sends commands in one write, and sums up the first numbers of their replies.
func (l *line) send(commands [][]byte) (sum int64, err error) {
	l.out = l.out[:0]
	for _, c := range commands {
		l.out = append(l.out, c...)
	}
	if _, err := l.conn.Write(l.out); err != nil {
		return 0, err
	}
	for range commands {
		first, err := l.reply()
		if err != nil {
			return 0, err
		}
		sum += first
	}
	return sum, nil
}

// reply reads a list of numbers, and returns the first.
func (l *line) reply() (first int64, err error) {
	n, err := l.number("*")
	for i := range n {
		value, err := l.number(":")
		if err != nil {
			return 0, err
		}
		if i == 0 {
			first = value
		}
	}
	return first, err
}

func (l *line) number(kind string) (int64, error) {
	text, err := l.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(text)), kind)
	if !ok {
		return 0, fmt.Errorf("redis answers %q, want %s and a number", text, kind)
	}
	return strconv.ParseInt(digits, 10, 64)
}
