package loadbalancer

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// head is what of a request comes before its body, as it stood on the wire.
type head struct {
	method, target, protocol string
	lines                    []Line
}

const maxHead = 32 << 10 // bytes; the default of a F5's HTTP profile

var errHead = errors.New("not a request's head")

// readHead keeps names and values as they are, but for white space around values.
func readHead(r *bufio.Reader) (h head, err error) {
	first, err := readLine(r)
	if err != nil {
		return h, err
	}
	words := strings.Split(first, " ")
	if len(words) != 3 {
		return h, errHead
	}
	h.method, h.target, h.protocol = words[0], words[1], words[2]
	for size := len(first); size < maxHead; {
		text, err := readLine(r)
		if err != nil || text == "" {
			return h, err
		}
		size += len(text)
		name, value, ok := strings.Cut(text, ":")
		if !ok || name == "" {
			return h, errHead
		}
		h.lines = append(h.lines, Line{name, strings.TrimPrefix(value, " ")})
	}
	return h, errHead
}

func readLine(r *bufio.Reader) (string, error) {
	text, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

func (h head) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\n", h.method, h.target, h.protocol)
	for _, line := range h.lines {
		fmt.Fprintf(&b, "%s: %s\r\n", line.Name, line.Value)
	}
	return b.String() + "\r\n"
}

// path is the target without the query, and without the authority of an absolute one (RFC 9112, section 3.2.2).
func (h head) path() string {
	path, _, _ := strings.Cut(h.target, "?")
	_, rest, absolute := strings.Cut(path, "://")
	if strings.HasPrefix(path, "/") || !absolute {
		return path
	}
	_, path, _ = strings.Cut(rest, "/")
	return "/" + path
}

// value is that of the last line of a header.
func (h head) value(name string) (value string) {
	for _, line := range h.lines {
		if strings.EqualFold(line.Name, name) {
			value = line.Value
		}
	}
	return value
}
