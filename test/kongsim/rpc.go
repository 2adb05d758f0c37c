package kongsim

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/test/kongsim/internal/wire"
)

// rpc is a plugin's RPC object in one worker. It counts its messages for
// itself but shares the worker's connections with the socket's other plugins.
type rpc struct {
	plugin *plugin
	pool   *wire.Pool
	calls  atomic.Int64
}

// bridge answers the PDK calls that come before a reply.
type bridge func(c *wire.Conn) error

// call sends one RpcCall and waits for its RpcReturn. A connection on which
// Kong stopped in the middle stays open until the request ends.
func (r *rpc) call(x *exchange, call *protocol.RpcCall, serve bridge) (*protocol.RpcReturn, error) {
	call.Sequence = r.calls.Add(1) + 1 // Kong counts twice
	c, err := r.pool.Get(context.WithoutCancel(x.in.Context()))
	if err != nil {
		x.log("err", r.plugin.name, "trying to connect: "+err.Error())
		return nil, err
	}
	answer, err := exchangeOn(c, call, serve)
	var broken wire.Error
	switch {
	case errors.As(err, &broken):
		r.pool.Drop(c)
		return nil, err
	case err != nil:
		x.abandon(r.pool, c)
		return nil, err
	}
	r.pool.Put(c) // before the answer is looked at, as in Kong
	return decodeReturn(answer, call.GetSequence())
}

func exchangeOn(c *wire.Conn, call *protocol.RpcCall, serve bridge) ([]byte, error) {
	data, err := proto.Marshal(call)
	if err != nil {
		return nil, raise(err)
	}
	if err := c.WriteFrame(data); err != nil {
		return nil, raise(err)
	}
	if serve != nil {
		if err := serve(c); err != nil {
			return nil, err
		}
	}
	return c.ReadFrame()
}

func decodeReturn(data []byte, sequence int64) (*protocol.RpcReturn, error) {
	var ret protocol.RpcReturn
	if err := proto.Unmarshal(data, &ret); err != nil {
		return nil, raise(err)
	}
	if ret.GetSequence() != sequence {
		return nil, raised{fmt.Sprintf("assertion failed: the plugin server answered %d to message %d", ret.GetSequence(), sequence)}
	}
	return &ret, nil
}

// requestStarter starts and stops instances on behalf of a request.
type requestStarter struct {
	*rpc
	x *exchange
}

func (s requestStarter) start(config []byte) (int32, error) {
	ret, err := s.call(s.x, &protocol.RpcCall{Call: &protocol.RpcCall_CmdStartInstance{
		CmdStartInstance: &protocol.CmdStartInstance{Name: s.plugin.name, Config: config},
	}}, nil)
	if err == nil && ret.GetInstanceStatus() == nil {
		err = raised{"attempt to index field 'instance_status' (a nil value)"}
	}
	if err != nil {
		s.x.log("err", s.plugin.name, "starting instance: "+err.Error())
		return 0, err
	}
	return ret.GetInstanceStatus().GetInstanceId(), nil
}

// stop ignores what Kong ignores: another request may have been first.
func (s requestStarter) stop(id int32) {
	_, err := s.call(s.x, &protocol.RpcCall{Call: &protocol.RpcCall_CmdCloseInstance{
		CmdCloseInstance: &protocol.CmdCloseInstance{InstanceId: id},
	}}, nil)
	if err != nil && !errors.Is(err, context.Canceled) {
		s.x.log("info", s.plugin.name, "closing instance: "+err.Error())
	}
}
