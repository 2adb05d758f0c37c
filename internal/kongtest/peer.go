package kongtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// peer is Kong's end of one event's connection.
type peer struct {
	kong    *Kong
	conn    net.Conn
	outcome Outcome
}

// serve answers calls until the handler has ended the connection, or a call has ended the event.
func (p *peer) serve() error {
	for {
		method, err := p.readFrame()
		if err != nil {
			return err
		}
		args, err := p.readFrame()
		if err != nil {
			return err
		}
		p.outcome.Calls = append(p.outcome.Calls, string(method))
		if p.kong.Abort[string(method)] {
			p.outcome.Aborted = true
			return nil
		}
		reply, err := p.answer(string(method), args)
		if err != nil {
			return err
		}
		if p.kong.Garble[string(method)] {
			reply = []byte{0xff} // a tag that does not end
		}
		if p.outcome.Exit != nil {
			return nil // Kong abandons the connection
		}
		if err := p.writeFrame(reply); err != nil {
			return err
		}
	}
}

func (p *peer) answer(method string, args []byte) ([]byte, error) {
	if level, ok := strings.CutPrefix(method, "kong.log."); ok && level != "set_serialize_value" {
		return nil, p.log(level, args)
	}
	handle, ok := handlers[method]
	if !ok {
		return nil, fmt.Errorf("unknown PDK call %s", method)
	}
	reply, err := handle(p, args)
	if err != nil || reply == nil {
		return nil, err
	}
	return proto.Marshal(reply)
}

func (p *peer) log(level string, args []byte) error {
	list, err := decode[structpb.ListValue](args)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, v := range list.AsSlice() {
		fmt.Fprint(&text, v)
	}
	p.outcome.Logs = append(p.outcome.Logs, Log{Level: level, Text: text.String()})
	return nil
}

func (p *peer) readFrame() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(p.conn, size[:]); err != nil {
		return nil, err
	}
	data := make([]byte, binary.LittleEndian.Uint32(size[:]))
	_, err := io.ReadFull(p.conn, data)
	return data, err
}

func (p *peer) writeFrame(data []byte) error {
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	_, err := p.conn.Write(append(frame, data...))
	return err
}

// message is a pointer to a protobuf message's struct.
type message[T any] interface {
	*T
	proto.Message
}

func decode[T any, M message[T]](data []byte) (M, error) {
	m := M(new(T))
	return m, proto.Unmarshal(data, m)
}

func text(s string) *pb.String { return &pb.String{V: s} }
