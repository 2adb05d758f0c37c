package kongtest

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
)

// Line is a connection to a Kong that costs next to nothing: its answers are made beforehand. It notes what was
// asked, and takes calls as the plugin server's own connection does, ahead and without waiting.
type Line struct {
	net.Conn
	// Answers are the replies of the calls that return something, by method; what is not there returns nothing.
	Answers map[string][]byte
	// Calls are the methods called, in order.
	Calls []string
	// Before are the methods that were called ahead of their use.
	Before []string

	out, in []byte
}

// Cost is how many calls Kong was asked for, and how many of them were waited for, one after another: those that return
// something, unless they were made ahead and came with another's answer.
func (l *Line) Cost() (calls, waits int) {
	calls = len(l.Calls)
	for _, method := range l.Calls {
		if _, answered := l.Answers[method]; answered && !slices.Contains(l.Before, method) {
			waits++
		}
	}
	for _, method := range l.Before {
		if !slices.Contains(l.Calls, method) {
			calls++ // Kong was asked in vain
		}
	}
	return calls, waits
}

// Ask is a whole call that is waited for.
func (l *Line) Ask(method string, _ []byte) ([]byte, error) {
	l.Calls = append(l.Calls, method)
	return l.Answers[method], nil
}

// Send is a whole call that nobody waits for.
func (l *Line) Send(method string, _ []byte) error {
	l.Calls = append(l.Calls, method)
	return nil
}

// Ahead is a call whose answer comes with another's.
func (l *Line) Ahead(method string, _ []byte) { l.Before = append(l.Before, method) }

// Write takes go-pdk's calls, each two frames, a method and its arguments, in any pieces.
func (l *Line) Write(p []byte) (int, error) {
	l.out = append(l.out, p...)
	for {
		method, rest, whole := cutFrame(l.out)
		_, rest, wholeArgs := cutFrame(rest)
		if !whole || !wholeArgs {
			return len(p), nil
		}
		l.Calls = append(l.Calls, string(method))
		answer := l.Answers[string(method)]
		l.in = append(binary.LittleEndian.AppendUint32(l.in, uint32(len(answer))), answer...)
		l.out = slices.Delete(l.out, 0, len(l.out)-len(rest))
	}
}

func cutFrame(text []byte) (payload, rest []byte, whole bool) {
	const header = 4
	if len(text) < header {
		return nil, nil, false
	}
	size := header + int(binary.LittleEndian.Uint32(text))
	if len(text) < size {
		return nil, nil, false
	}
	return text[header:size], text[size:], true
}

// Read hands out the answer to go-pdk's last call.
func (l *Line) Read(p []byte) (int, error) {
	if len(l.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.in)
	l.in = l.in[:copy(l.in, l.in[n:])]
	return n, nil
}

// Close does nothing.
func (l *Line) Close() error { return nil }
