package pdkconn

import (
	"fmt"
	"net"

	"tollgate/pluginserver/wire"
)

// Ask makes a call in one piece and returns the reply to it, which is valid until the next call.
func (c *Conn) Ask(method string, args []byte) ([]byte, error) {
	if err := c.call(method, args); err != nil {
		return nil, err
	}
	if len(c.reply) == 0 {
		if err := c.receive(); err != nil {
			return nil, err
		}
	}
	reply := wire.Payload(c.reply)
	c.reply = nil
	return reply, nil
}

// Send makes a call that nobody waits for, in one piece: what go-pdk does with four writes and a read.
func (c *Conn) Send(method string, args []byte) error {
	if methodOf([]byte(method)).kind == answered {
		return fmt.Errorf("%s is answered, and nobody waits for it", method)
	}
	err := c.call(method, args)
	c.reply = nil
	return err
}

// call makes a whole call; the half of one that was begun is dropped.
func (c *Conn) call(method string, args []byte) error {
	if c.exited || c.connError != nil {
		return net.ErrClosed
	}
	c.Abandon()
	c.method = methodOf([]byte(method))
	c.appendCall(method, args)
	return c.called()
}

// appendCall puts a whole call behind the others.
func (c *Conn) appendCall(method string, args []byte) {
	c.callFrom = c.wholeTo
	c.out = wire.AppendFrame(wire.AppendString(c.out, method), args)
	c.wholeTo, c.parsedTo = len(c.out), len(c.out)
}
