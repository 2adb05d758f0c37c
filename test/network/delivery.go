package network

import (
	"net"
	"sync/atomic"
	"time"
)

// Loss is what becomes of answers.
type Loss int

// What a link does with answers.
const (
	None         Loss = iota // they arrive
	Swallowed                // they do not
	HungUp                   // they do not, and the connection is closed
	AllButAByte              // one byte arrives, and the connection is closed
	tricklesEach = 50 * time.Millisecond
)

// Lose has answers be lost in some way until the link is mended.
func (l *Link) Lose(how Loss) { l.set(func(c *conditions) { c.loss = how }) }

// Strand has the connections so far lead nowhere: no byte comes through, and nobody hangs up.
func (l *Link) Strand() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stranded.Store(true)
	l.stranded = new(atomic.Bool)
}

// Dials is how many connections there were so far.
func (l *Link) Dials() int { return int(l.dials.Load()) }

// whole waits while the link is severed, and tells whether it goes on.
func (l *Link) whole() (conditions, bool) {
	for {
		now, changed, goesOn := l.state()
		if !now.severed || !goesOn {
			return now, goesOn
		}
		<-changed
	}
}

// deliver hands bytes on as the conditions say, and tells whether the connection goes on.
func (l *Link) deliver(to net.Conn, bytes []byte, answers bool) bool {
	now, goesOn := l.whole()
	if answers && goesOn {
		switch now.loss {
		case Swallowed:
			return true
		case HungUp:
			return false
		case AllButAByte:
			_, _ = to.Write(bytes[:1])
			return false
		}
	}
	l.pause(now.delay)
	for len(bytes) > 0 && goesOn {
		n := len(bytes)
		if now, goesOn = l.whole(); now.bytesPerSecond > 0 {
			n = min(n, max(1, int(time.Duration(now.bytesPerSecond)*tricklesEach/time.Second)))
			l.pause(time.Duration(n) * time.Second / time.Duration(now.bytesPerSecond))
		}
		if _, err := to.Write(bytes[:n]); err != nil {
			return false
		}
		bytes = bytes[n:]
	}
	return goesOn
}

// pause waits, or until the conditions change.
func (l *Link) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	_, changed, _ := l.state()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	}
}
