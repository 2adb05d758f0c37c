// Package wiretest plays a Kong worker's end of the plugin protocol in tests and benchmarks: two
// writes a frame, replies in order, one command at a time (pb_rpc.lua). How PDK calls are answered
// is up to the test.
package wiretest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
)

// Client is one connection from a Kong worker.
type Client struct {
	net.Conn
	sequence int64
	header   [4]byte
}

// Dial connects to a plugin server's socket.
func Dial(socket string) (*Client, error) {
	nc, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return &Client{Conn: nc}, nil
}

// Answer replies to one PDK call.
type Answer func(method string, args []byte) (reply []byte)

// Exit is what a plugin passed to kong.response.exit.
type Exit = pb.ExitArgs

// ErrExited ends an event by kong.response.exit. The connection is of no more use.
var ErrExited = errors.New("event ended by kong.response.exit")

// Start starts an instance and returns its id.
func (c *Client) Start(plugin, config string) (int32, error) {
	r, err := c.Command(&pb.RpcCall{Call: &pb.RpcCall_CmdStartInstance{
		CmdStartInstance: &pb.CmdStartInstance{Name: plugin, Config: []byte(config)}}})
	return r.GetInstanceStatus().GetInstanceId(), err
}

// Stop closes an instance.
func (c *Client) Stop(id int32) error {
	_, err := c.Command(&pb.RpcCall{Call: &pb.RpcCall_CmdCloseInstance{CmdCloseInstance: &pb.CmdCloseInstance{InstanceId: id}}})
	return err
}

// Command sends a command without a bridge loop and reads its return.
func (c *Client) Command(call *pb.RpcCall) (*pb.RpcReturn, error) {
	if err := c.send(call); err != nil {
		return nil, err
	}
	return c.readReturn()
}

// Event lets an instance handle the access phase, with answer for its PDK calls. Where the plugin
// exits, the error is ErrExited and the arguments are returned.
func (c *Client) Event(id int32, answer Answer) (*Exit, error) {
	return c.Phase(id, "access", answer)
}

// Phase is Event for any phase.
func (c *Client) Phase(id int32, phase string, answer Answer) (*Exit, error) {
	err := c.send(&pb.RpcCall{Call: &pb.RpcCall_CmdHandleEvent{CmdHandleEvent: &pb.CmdHandleEvent{InstanceId: id, EventName: phase}}})
	if err != nil {
		return nil, err
	}
	for {
		method, err := c.ReadFrame()
		if err != nil {
			return nil, err
		}
		if len(method) == 0 {
			_, err = c.readReturn()
			return nil, err
		}
		args, err := c.ReadFrame()
		if err != nil {
			return nil, err
		}
		if string(method) == "kong.response.exit" {
			exit := &Exit{}
			return exit, errors.Join(ErrExited, proto.Unmarshal(args, exit))
		}
		if err := c.WriteFrame(answer(string(method), args)); err != nil {
			return nil, err
		}
	}
}

func (c *Client) send(call *pb.RpcCall) error {
	c.sequence++
	call.Sequence = c.sequence
	data, err := proto.Marshal(call)
	if err != nil {
		return err
	}
	return c.WriteFrame(data)
}

func (c *Client) readReturn() (*pb.RpcReturn, error) {
	data, err := c.ReadFrame()
	if err != nil {
		return nil, err
	}
	r := &pb.RpcReturn{}
	if err := proto.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if r.GetSequence() != c.sequence {
		return nil, fmt.Errorf("return of call %d, want %d", r.GetSequence(), c.sequence)
	}
	return r, nil
}

// WriteFrame writes the length and the payload apart, as Kong does.
func (c *Client) WriteFrame(payload []byte) error {
	binary.LittleEndian.PutUint32(c.header[:], uint32(len(payload)))
	if _, err := c.Write(c.header[:]); err != nil {
		return err
	}
	if len(payload) == 0 {
		return nil
	}
	_, err := c.Write(payload)
	return err
}

// ReadFrame reads the length and the payload apart, as Kong does.
func (c *Client) ReadFrame() ([]byte, error) {
	if _, err := io.ReadFull(c.Conn, c.header[:]); err != nil {
		return nil, err
	}
	payload := make([]byte, binary.LittleEndian.Uint32(c.header[:]))
	_, err := io.ReadFull(c.Conn, payload)
	return payload, err
}
