package pdkconn

import (
	"bytes"
	"io"
	"slices"

	"tollgate/pluginserver/wire"
)

// ahead is a call that goes out with the next one, so that its answer is there when it is asked for.
type ahead struct {
	call  []byte // its frames; empty where there is none
	after int    // how many replies come up to its own, itself included; 0 once it came
	reply []byte // its frame, once it came
}

// Ahead makes a call whose answer will be wanted later in the event: it goes out in one write with the next
// call that is waited for, and the same call then costs no waiting. One call can be made ahead in an event;
// whose answer is never asked for, that was in vain.
func (c *Conn) Ahead(method string, args []byte) {
	if c.exited || c.connError != nil || len(c.ahead.call) > 0 || c.wholeTo != len(c.out) {
		return
	}
	c.callFrom = c.wholeTo
	c.out = wire.AppendFrame(c.out, []byte(method))
	c.out = wire.AppendFrame(c.out, args)
	c.ahead.call = append(c.ahead.call[:0], c.out[c.callFrom:]...)
	c.wholeTo, c.parsedTo = len(c.out), len(c.out)
	c.owed++
	c.ahead.after = c.owed
}

// isAhead tells whether the latest call was made ahead.
func (c *Conn) isAhead() bool {
	return len(c.ahead.call) > 0 && bytes.Equal(c.out[c.callFrom:c.wholeTo], c.ahead.call)
}

// takeAhead takes the latest call out again, and hands out the answer to the one made ahead.
func (c *Conn) takeAhead() error {
	c.out = slices.Delete(c.out, c.callFrom, c.wholeTo)
	c.wholeTo, c.parsedTo = c.callFrom, c.callFrom
	if c.ahead.after > 0 {
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.skipOwed(); err != nil {
			return err
		}
	}
	if c.ahead.reply == nil { // it was too large
		return io.ErrUnexpectedEOF
	}
	c.reply = c.ahead.reply
	return nil
}

// passed notes that a reply that nobody waits for came.
func (a *ahead) passed(frame []byte) {
	if a.after == 0 {
		return
	}
	if a.after--; a.after == 0 && frame != nil {
		a.reply = append(a.reply[:0], frame...)
	}
}

// forget ends what was made ahead with its event: a reply that is still to come is like any other.
func (a *ahead) forget() {
	a.call, a.after, a.reply = a.call[:0], 0, nil
}
