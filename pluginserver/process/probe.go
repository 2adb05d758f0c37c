package process

import (
	"fmt"
	"net"
	"strings"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"

	"tollgate/pluginserver/wire"
)

// Probe asks the server on a socket for the names of its plugins, and waits for the answer for at
// most the given time.
func Probe(socket string, timeout time.Duration) (plugins []string, err error) {
	deadline := time.Now().Add(timeout)
	nc, err := net.DialTimeout("unix", socket, timeout)
	if err != nil {
		return nil, fmt.Errorf("asking the plugin server: %w", err)
	}
	defer func() { _ = nc.Close() }()
	if err := nc.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("asking the plugin server: %w", err)
	}
	answer, err := ask(nc, &pb.RpcCall{Sequence: 1, Call: &pb.RpcCall_CmdGetPluginNames{CmdGetPluginNames: &pb.CmdGetPluginNames{}}})
	if err != nil {
		return nil, fmt.Errorf("asking the plugin server on %s: %w", socket, err)
	}
	names := answer.GetPluginNames()
	if names == nil || answer.GetSequence() != 1 {
		return nil, fmt.Errorf("asking the plugin server on %s: the answer is no list of plugins", socket)
	}
	return names.GetNames(), nil
}

func ask(nc net.Conn, call *pb.RpcCall) (*pb.RpcReturn, error) {
	data, err := proto.Marshal(call)
	if err != nil {
		return nil, err
	}
	stream := wire.NewStream(nc, wire.Limits{Frame: 1 << 20, Patience: time.Minute})
	if err := stream.Write(wire.AppendFrame(nil, data)); err != nil {
		return nil, err
	}
	frame, err := stream.Next()
	if err != nil {
		return nil, err
	}
	answer := &pb.RpcReturn{}
	return answer, proto.Unmarshal(wire.Payload(frame), answer)
}

// Describe is one line about a server that answers.
func Describe(socket string, plugins []string) string {
	return fmt.Sprintf("ok: %s on %s", strings.Join(plugins, ", "), socket)
}
