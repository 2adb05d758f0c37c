package server

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/internal/kong"
	"tollgate/pluginserver/wire"
)

func TestEveryOtherCommandIsAnswered(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	c := r.dial()
	id := r.instance(c, `{}`)
	names, err := c.Command(&pb.RpcCall{Call: &pb.RpcCall_CmdGetPluginNames{CmdGetPluginNames: &pb.CmdGetPluginNames{}}})
	if err != nil || len(names.GetPluginNames().GetNames()) != 1 {
		t.Errorf("names: %v, %v", names, err)
	}
	info, err := c.Command(&pb.RpcCall{Call: &pb.RpcCall_CmdGetPluginInfo{CmdGetPluginInfo: &pb.CmdGetPluginInfo{Name: "test"}}})
	if got := info.GetPluginInfo(); err != nil || got.GetPriority() != 7 || got.GetVersion() != "0.1.0" || !strings.Contains(got.GetSchema(), `"name":"test"`) {
		t.Errorf("info: %v, %v", info, err)
	}
	status, err := c.Command(&pb.RpcCall{Call: &pb.RpcCall_CmdGetInstanceStatus{CmdGetInstanceStatus: &pb.CmdGetInstanceStatus{InstanceId: id}}})
	if got := status.GetInstanceStatus(); err != nil || got.GetName() != "test" || got.GetInstanceId() != id || got.GetStartedAt() == 0 {
		t.Errorf("status: %v, %v", status, err)
	}
}

func TestGarbageEndsItsConnectionOnly(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	bystander := r.dial()
	id := r.instance(bystander, `{}`)
	for name, sent := range map[string]string{
		"no protobuf":     "\x03\x00\x00\x00\xff\xff\xff",
		"empty command":   "\x00\x00\x00\x00",
		"a giant frame":   "\xff\xff\xff\x7f",
		"a negative size": "\xff\xff\xff\xff",
		"HTTP":            "GET / HTTP/1.1\r\n\r\n",
	} {
		c := r.dial()
		if _, err := io.WriteString(c.Conn, sent); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ReadFrame(); err == nil {
			t.Errorf("%s: was answered", name)
		} else if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			t.Errorf("%s: the connection stays open", name)
		}
	}
	if _, err := bystander.Event(id, nothing); err != nil {
		t.Errorf("another connection: %v", err)
	}
}

func TestAHalfFrameEndsItsConnection(t *testing.T) {
	p := &testPlugin{access: func(context.Context, *kong.Request) {}}
	r := startPlugin(t, p, wire.Limits{Frame: 1 << 20, Patience: 20 * time.Millisecond})
	c := r.dial()
	_, _ = io.WriteString(c.Conn, "\x09\x00\x00\x00ab")
	if _, err := c.ReadFrame(); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("got %v, want the end of the connection", err)
	}
}
