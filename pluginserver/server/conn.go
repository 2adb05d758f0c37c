package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/internal/kong"
	"tollgate/internal/panics"
	"tollgate/internal/plugin"
	"tollgate/pluginserver/pdkconn"
	"tollgate/pluginserver/wire"
)

// conn is one connection from a Kong worker, which sends one command after the other on it.
type conn struct {
	server  *Server
	nc      net.Conn
	stream  *wire.Stream
	pdk     *pdkconn.Conn
	request *kong.Request
	answer  []byte      // to the latest event
	idle    atomic.Bool // waiting for a command: may be woken to stop
	kept    bool        // handed to Config.Keep

	dismissed atomic.Bool // told to end, to make room for another
}

// newConn returns a conn for nc, with the buffers of one that has ended where there is one: Kong opens a
// connection for each request that a plugin answers.
func (s *Server) newConn(nc net.Conn) *conn {
	c, ok := s.ended.Get().(*conn)
	if !ok {
		stream := wire.NewStream(nc, s.config.Limits)
		pdk := pdkconn.New(nc, stream)
		return &conn{server: s, nc: nc, stream: stream, pdk: pdk, request: kong.NewRequest(pdk)}
	}
	c.nc, c.kept = nc, false
	c.dismissed.Store(false)
	c.stream.Reset(nc)
	c.pdk.Reset(nc)
	return c
}

// errHangUp ends a connection without a word in the log: its end is the answer.
var errHangUp = errors.New("hanging up")

func (c *conn) serve(ctx context.Context) {
	defer c.close()
	for {
		err := c.serveOne(ctx)
		switch {
		case err == nil:
			c.keep()
			continue
		case errors.Is(err, wire.ErrStopped):
			c.linger()
		case errors.Is(err, errHangUp), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		default:
			c.server.metrics.brokenConns.Inc()
			if c.server.faultLog.Allow() {
				c.server.log().Warn("connection from Kong ended", "error", err, panics.Stack(err))
			}
		}
		return
	}
}

// keep hands the connection over once. One that cannot be held is served all the same.
func (c *conn) keep() {
	if c.kept || c.server.config.Keep == nil {
		return
	}
	c.kept = true
	if err := c.server.config.Keep(c.nc); err != nil {
		c.server.log().Debug("connection is not held by the parent", "error", err)
	}
}

// close ends the connection in both directions, whoever else holds it. Closing alone does not where the parent
// has a duplicate: Kong would not see the end, and the parent, which waits for one, would hold the duplicate for as
// long as the peer likes.
func (c *conn) close() {
	if unix, ok := c.nc.(*net.UnixConn); ok && c.kept {
		_ = unix.CloseWrite()
		_ = unix.CloseRead()
	}
	_ = c.nc.Close()
}

// end tells Kong that nothing more comes.
func (c *conn) end() {
	if half, ok := c.nc.(*net.UnixConn); ok {
		_ = half.CloseWrite()
	}
}

// linger ends an idle connection in a way that Kong handles whatever it is doing: a command that is on
// its way still has a taker, and Kong, which reads "closed", sends it again elsewhere. Where the
// connection went at once, Kong would read "connection reset by peer" or fail at "broken pipe", and
// answer 500 (pb_rpc.lua).
func (c *conn) linger() {
	const patience = 250 * time.Millisecond
	c.end()
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.Copy(io.Discard, c.nc)
}

// serveOne waits for one command and answers it.
func (c *conn) serveOne(ctx context.Context) error {
	if err := c.pdk.Settle(); err != nil {
		return err
	}
	frame, err := c.nextCommand()
	if err != nil {
		return err
	}
	if call, ok := readEventCall(wire.Payload(frame)); ok {
		return c.serveEvent(ctx, call)
	}
	return c.serveCommand(ctx, wire.Payload(frame))
}

// serveEvent handles an event.
func (c *conn) serveEvent(ctx context.Context, call eventCall) error {
	var err error
	caught := panics.Catch(func() { err = c.handleEvent(ctx, call.instance, plugin.Phase) })
	if err := errors.Join(err, caught); err != nil {
		return err
	}
	c.answer = call.appendReturn(c.answer[:0])
	return c.pdk.Return(c.answer)
}

// serveCommand answers any command.
func (c *conn) serveCommand(ctx context.Context, payload []byte) error {
	var call pb.RpcCall
	if err := proto.Unmarshal(payload, &call); err != nil {
		return fmt.Errorf("reading a command: %w", err)
	}
	var err error
	var result *pb.RpcReturn
	caught := panics.Catch(func() { result, err = c.dispatch(ctx, &call) })
	if err := errors.Join(err, caught); err != nil {
		return err
	}
	result.Sequence = call.GetSequence()
	data, err := proto.Marshal(result)
	if err != nil {
		return fmt.Errorf("encoding the answer to a command: %w", err)
	}
	if call.GetCmdHandleEvent() != nil {
		return c.pdk.Return(data)
	}
	return c.stream.Write(wire.AppendFrame(nil, data))
}

func (c *conn) nextCommand() ([]byte, error) {
	c.idle.Store(true)
	defer c.idle.Store(false)
	if c.mustEnd() {
		return nil, wire.ErrStopped
	}
	return c.stream.NextIdle(c.mustEnd)
}

func (c *conn) mustEnd() bool { return c.server.draining.Load() || c.dismissed.Load() }

// wakeIfIdle makes a connection that waits for a command look whether it is to stop. One that has
// begun to read a command meanwhile finds its patience not yet used up, and goes on.
func (c *conn) wakeIfIdle() {
	if c.idle.Load() {
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

func (s *Server) log() *slog.Logger { return s.config.Log }
