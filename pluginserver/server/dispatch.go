package server

import (
	"context"
	"encoding/json"
	"fmt"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"

	"tollgate/internal/plugin"
	"tollgate/pluginserver/instance"
)

// dispatch answers a command. An error ends the connection.
func (c *conn) dispatch(ctx context.Context, call *pb.RpcCall) (*pb.RpcReturn, error) {
	s := c.server
	switch cmd := call.GetCall().(type) {
	case *pb.RpcCall_CmdHandleEvent:
		return &pb.RpcReturn{}, c.handleEvent(ctx, cmd.CmdHandleEvent.GetInstanceId(), cmd.CmdHandleEvent.GetEventName())
	case *pb.RpcCall_CmdStartInstance:
		return s.startInstance(cmd.CmdStartInstance)
	case *pb.RpcCall_CmdCloseInstance:
		return s.closeInstance(cmd.CmdCloseInstance.GetInstanceId()), nil
	case *pb.RpcCall_CmdGetInstanceStatus:
		return s.instanceStatus(cmd.CmdGetInstanceStatus.GetInstanceId())
	case *pb.RpcCall_CmdGetPluginNames:
		return s.pluginNames(), nil
	case *pb.RpcCall_CmdGetPluginInfo:
		return s.pluginInfo(cmd.CmdGetPluginInfo.GetName())
	}
	return nil, fmt.Errorf("unknown command %T", call.GetCall())
}

func (s *Server) startInstance(start *pb.CmdStartInstance) (*pb.RpcReturn, error) {
	inst, err := s.instances.Start(start.GetName(), start.GetConfig())
	if err != nil {
		return nil, err
	}
	return status(inst), nil
}

// closeInstance is the same for an id that is not known, or not any more: Kong closes what another
// worker, or the sweep, may have closed before.
func (s *Server) closeInstance(id int32) *pb.RpcReturn {
	if inst := s.instances.Stop(id); inst != nil {
		return status(inst)
	}
	return status(&instance.Instance{ID: id})
}

func (s *Server) instanceStatus(id int32) (*pb.RpcReturn, error) {
	inst := s.instances.Get(id)
	if inst == nil {
		return nil, errHangUp
	}
	return status(inst), nil
}

// status leaves the configuration out: nobody reads it, and it may hold secrets.
func status(inst *instance.Instance) *pb.RpcReturn {
	return &pb.RpcReturn{Return: &pb.RpcReturn_InstanceStatus{InstanceStatus: &pb.InstanceStatus{
		Name:       inst.Plugin,
		InstanceId: inst.ID,
		StartedAt:  inst.Started.Unix(),
	}}}
}

func (s *Server) pluginNames() *pb.RpcReturn {
	names := make([]string, 0, len(s.config.Plugins))
	for _, p := range s.config.Plugins {
		names = append(names, p.Name)
	}
	return &pb.RpcReturn{Return: &pb.RpcReturn_PluginNames{PluginNames: &pb.PluginNames{Names: names}}}
}

func (s *Server) pluginInfo(name string) (*pb.RpcReturn, error) {
	for _, p := range s.config.Plugins {
		if p.Name != name {
			continue
		}
		schema, err := json.Marshal(p.Schema.Kong())
		if err != nil {
			return nil, fmt.Errorf("encoding the schema of %s: %w", name, err)
		}
		return &pb.RpcReturn{Return: &pb.RpcReturn_PluginInfo{PluginInfo: &pb.PluginInfo{
			Name: p.Name, Phases: []string{plugin.Phase}, Version: p.Version,
			Priority: int32(p.Priority), Schema: string(schema),
		}}}, nil
	}
	return nil, fmt.Errorf("asked about the plugin %.64q, which is not served", name)
}
