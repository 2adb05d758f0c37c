package server

import (
	"bytes"
	"testing"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/internal/plugin"
)

func rpcEvent(sequence int64, instance int32, phase string) *pb.RpcCall {
	return &pb.RpcCall{Sequence: sequence, Call: &pb.RpcCall_CmdHandleEvent{
		CmdHandleEvent: &pb.CmdHandleEvent{InstanceId: instance, EventName: phase}}}
}

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestAnEventIsReadWithoutAllocating(t *testing.T) {
	data := marshal(t, rpcEvent(7, 3, plugin.Phase))
	buf := make([]byte, 0, 16)
	if n := testing.AllocsPerRun(100, func() {
		call, ok := readEventCall(data)
		if buf = call.appendReturn(buf[:0]); !ok {
			t.Error("it is not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestOtherCommandsAreLeft(t *testing.T) {
	for name, call := range map[string]*pb.RpcCall{
		"another phase":   rpcEvent(1, 3, "log"),
		"no phase":        rpcEvent(1, 3, ""),
		"another command": {Sequence: 1, Call: &pb.RpcCall_CmdGetPluginNames{CmdGetPluginNames: &pb.CmdGetPluginNames{}}},
		"no command":      {Sequence: 1},
	} {
		if _, ok := readEventCall(marshal(t, call)); ok {
			t.Errorf("%s is read as an event", name)
		}
	}
}

// What is read as an event is one to package proto too, the same.
func FuzzEventCall(f *testing.F) {
	for _, call := range []*pb.RpcCall{
		rpcEvent(1, 2, plugin.Phase), rpcEvent(1<<62, -1, plugin.Phase), rpcEvent(-1, 0, plugin.Phase), rpcEvent(0, 1, plugin.Phase), rpcEvent(3, 4, "log"),
	} {
		data := marshal(f, call)
		f.Add(data)
		f.Add(append(data, data...))
		f.Add(data[:len(data)-1])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		call, ok := readEventCall(data)
		if !ok {
			return
		}
		var want pb.RpcCall
		if err := proto.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		event := want.GetCmdHandleEvent()
		if int64(call.sequence) != want.GetSequence() || call.instance != event.GetInstanceId() || event.GetEventName() != plugin.Phase {
			t.Errorf("%+v, want %v", call, &want)
		}
		if got, want := call.appendReturn(nil), marshal(t, &pb.RpcReturn{Sequence: want.GetSequence()}); !bytes.Equal(got, want) {
			t.Errorf("return %x, want %x", got, want)
		}
	})
}
