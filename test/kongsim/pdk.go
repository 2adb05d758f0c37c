package kongsim

import (
	"fmt"
	"maps"

	protocol "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"tollgate/test/kongsim/internal/lua"
)

// method is a function of the PDK as a plugin server may call it. An error is
// one that Lua throws, unless it is errExited.
type method struct {
	phases phase
	call   func(e *event, arg []byte) (reply []byte, err error)
}

// pdkMethods is kong/include/kong/pluginsocket.proto's service Kong, as far as
// kongsim plays it.
func pdkMethods() map[string]method {
	all := map[string]method{}
	for _, group := range []map[string]method{
		clientMethods(), requestMethods(), responseMethods(), serviceMethods(), contextMethods(), logMethods(),
	} {
		maps.Copy(all, group)
	}
	return all
}

// message is a pointer to a generated protobuf struct.
type message[M any] interface {
	*M
	proto.Message
}

// takes decodes the argument. Garbage is an error that Lua would throw.
func takes[M any, P message[M]](phases phase, call func(e *event, arg P) ([]byte, error)) method {
	return method{phases, func(e *event, raw []byte) ([]byte, error) {
		arg := P(new(M))
		if err := proto.Unmarshal(raw, arg); err != nil {
			return nil, fmt.Errorf("decoding argument: %w", err)
		}
		return call(e, arg)
	}}
}

// asks is a method without an argument that cannot fail.
func asks(phases phase, call func(x *exchange) []byte) method {
	return takes(phases, func(e *event, _ *emptypb.Empty) ([]byte, error) { return call(e.x), nil })
}

// withText takes a string.
func withText(phases phase, call func(x *exchange, text string) ([]byte, error)) method {
	return takes(phases, func(e *event, arg *protocol.String) ([]byte, error) { return call(e.x, arg.GetV()) })
}

// withPair takes a name and a value.
func withPair(phases phase, call func(x *exchange, name string, value any) error) method {
	return takes(phases, func(e *event, arg *protocol.KV) ([]byte, error) {
		return nil, call(e.x, arg.GetK(), lua.FromValue(arg.GetV()))
	})
}

// withTable takes a table of names and values.
func withTable(phases phase, call func(x *exchange, table map[string]any) error) method {
	return takes(phases, func(e *event, arg *structpb.Struct) ([]byte, error) {
		return nil, call(e.x, lua.FromStruct(arg))
	})
}

// notPlayed is a method that can never be called in the phases of kongsim.
func notPlayed(phases phase) method {
	return method{phases, func(*event, []byte) ([]byte, error) {
		return nil, fmt.Errorf("not played by kongsim in any phase")
	}}
}

// The replies below are written by hand where strings are in them, because
// lua-protobuf sends those as they are and Go's package only valid UTF-8.

func textReply(s string) []byte {
	if s == "" {
		return nil
	}
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), s)
}

func intReply(n int) []byte {
	if n == 0 {
		return nil
	}
	return protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(n))
}

func boolReply(b bool) []byte { return intReply(int(protowire.EncodeBool(b))) }

func numberReply(f float64) []byte { return messageReply(&protocol.Number{V: f}) }

func valueReply(v any) []byte { return lua.AppendValue(nil, v) }

func tableReply(table map[string]any) []byte { return lua.AppendStruct(nil, table) }

func messageReply(m proto.Message) []byte {
	reply, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil // only for text that is not UTF-8, which a configuration cannot hold
	}
	return reply
}
