package pdkconn

import (
	"bytes"
	"fmt"
	"slices"

	"tollgate/pluginserver/wire"
)

// ahead are the calls of an event that went out with an earlier one, so that their answers are there when
// they are asked for.
type ahead struct{ calls []aheadCall }

// aheadCall is one of them. Its buffers are kept for the next event.
type aheadCall struct {
	call  []byte // its frames
	after int    // how many replies come up to its own, itself included; 0 once it came
	reply []byte // its frame, once it came; empty where it was too large
}

// maxAhead bounds the calls of one event that are made ahead.
const maxAhead = 8

// Ahead makes a call whose answer will be wanted later in the event: it goes out in one write with the next
// call that is waited for, and the same call then costs no waiting, however often it is made. Whose answer
// is never asked for, that was in vain.
func (c *Conn) Ahead(method string, args []byte) {
	if c.exited || c.connError != nil || len(c.ahead.calls) == maxAhead || c.wholeTo != len(c.out) {
		return
	}
	c.appendCall(method, args)
	c.owed++
	c.ahead.add(c.out[c.callFrom:c.wholeTo], c.owed)
}

// add notes a call whose reply is the one with this number among those that Kong owes.
func (a *ahead) add(call []byte, after int) {
	if len(a.calls) == cap(a.calls) {
		a.calls = slices.Grow(a.calls, 1)
	}
	a.calls = a.calls[:len(a.calls)+1]
	made := &a.calls[len(a.calls)-1]
	made.call = append(made.call[:0], call...)
	made.after, made.reply = after, made.reply[:0]
}

// madeAhead returns what was made ahead of the latest call; nil where nothing was.
func (c *Conn) madeAhead() *aheadCall {
	for i := range c.ahead.calls {
		if made := &c.ahead.calls[i]; bytes.Equal(c.out[c.callFrom:c.wholeTo], made.call) {
			return made
		}
	}
	return nil
}

// takeAhead takes the latest call out again, and hands out the answer to the one made ahead.
func (c *Conn) takeAhead(made *aheadCall) error {
	c.out = slices.Delete(c.out, c.callFrom, c.wholeTo)
	c.wholeTo, c.parsedTo = c.callFrom, c.callFrom
	if made.after > 0 {
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.skipOwed(); err != nil {
			return err
		}
	}
	if len(made.reply) < wire.HeaderSize {
		return fmt.Errorf("reply to %s: %w", c.method.name, wire.ErrTooLarge)
	}
	c.reply = made.reply
	return nil
}

// passed notes that a reply that nobody waits for came; nil stands for one that was too large.
func (a *ahead) passed(frame []byte) {
	for i := range a.calls {
		made := &a.calls[i]
		if made.after == 0 {
			continue
		}
		if made.after--; made.after == 0 {
			made.reply = append(made.reply[:0], frame...)
		}
	}
}

// forget ends what was made ahead with its event: a reply that is still to come is like any other.
func (a *ahead) forget() {
	for i := range a.calls {
		a.calls[i].reply = kept(a.calls[i].reply)
	}
	a.calls = a.calls[:0]
}
