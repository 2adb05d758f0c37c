package pdkconn

import "tollgate/pluginserver/wire"

// Exited tells whether kong.response.exit has ended the event.
func (c *Conn) Exited() bool { return c.exited }

// Err tells why the connection can be used no more, nil where it can.
func (c *Conn) Err() error { return c.connError }

// Return ends the event with Kong's empty frame and the marshalled RpcReturn, in one write with the
// silent calls that wait.
func (c *Conn) Return(rpcReturn []byte) error {
	c.Abandon()
	c.ahead.forget()
	c.out = append(c.out, emptyReply...)
	c.out = wire.AppendFrame(c.out, rpcReturn)
	c.wholeTo = len(c.out)
	c.parsedTo = c.wholeTo
	err := c.flush()
	if len(c.out) == 0 {
		c.out = kept(c.out)
	}
	return err
}

// Abandon drops the call that is half made, or whose reply nobody will read, so that the next call
// or frame goes out whole. A handler that panicked leaves such a call.
func (c *Conn) Abandon() {
	c.out = c.out[:c.wholeTo]
	c.parsedTo = c.wholeTo
	c.inArgs = false
	c.reply = nil
	if c.awaiting {
		c.awaiting = false
		c.owed++
	}
}

// Settle reads the replies that Kong still owes: before the next event, and before the connection
// is closed after an exit. Closing earlier would fail Kong's writing of a reply, and with it the
// request (pb_rpc.lua, write_frame asserts).
func (c *Conn) Settle() error {
	if c.connError != nil {
		return c.connError
	}
	return c.skipOwed()
}
