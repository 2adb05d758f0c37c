package bench

import (
	"errors"
	"testing"

	"tollgate/pluginserver/wiretest"
)

// BenchmarkDenial measures a request that a plugin answers, on go-pdk's server and on ours: Kong gives up the
// connection then, and opens another for the next event (pb_rpc.lua).
func BenchmarkDenial(b *testing.B) {
	consumer, err := consumerReply()
	if err != nil {
		b.Fatal(err)
	}
	answer := func(string, []byte) []byte { return consumer }
	for _, which := range []string{"stock", "ours"} {
		b.Run(which, func(b *testing.B) {
			pid, socket := startServer(b, which, "denial")
			id, err := start(socket)
			if err != nil {
				b.Fatal(err)
			}
			measureRun(b, pid, socket, func(next *testing.PB) error {
				for next.Next() {
					if err := deny(socket, id, answer); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// start starts an instance that outlives its connection.
func start(socket string) (int32, error) {
	c, err := wiretest.Dial(socket)
	if err != nil {
		return 0, err
	}
	id, err := c.Start("bench", "{}")
	return id, errors.Join(err, c.Close())
}

// deny has one event on a connection of its own, which ends in an answer.
func deny(socket string, id int32, answer wiretest.Answer) error {
	c, err := wiretest.Dial(socket)
	if err != nil {
		return err
	}
	_, err = c.Event(id, answer)
	if !errors.Is(err, wiretest.ErrExited) {
		return errors.Join(errors.New("no denial"), err, c.Close())
	}
	return c.Close()
}
