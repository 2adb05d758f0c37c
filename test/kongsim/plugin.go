package kongsim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"slices"

	"tollgate/test/kongsim/internal/schema"
)

// plugin is a plugin that the gateway can run: one behind a plugin server, or
// the bundled one.
type plugin struct {
	name     string
	priority int
	phases   []string
	schema   *schema.Schema
	socket   string                                     // of an external plugin
	builtin  func(x *exchange, c *pluginConfig) *answer // of a bundled one
}

// dump is what a query command prints. Kong reads no more than this.
type dump struct {
	Protocol string
	Plugins  []struct {
		Name     string
		Phases   []string
		Version  string
		Priority float64
		Schema   json.RawMessage
	}
}

// query runs the server's dump command, as Kong does before it starts.
func query(ctx context.Context, server PluginServer) (*plugin, error) {
	cmd := exec.CommandContext(ctx, server.Query[0], server.Query[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("query command of plugin server %s: %w: %s", server.Name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	p, err := parseDump(out)
	if err != nil {
		return nil, fmt.Errorf("query command of plugin server %s: %w", server.Name, err)
	}
	p.socket = server.Socket
	return p, nil
}

func parseDump(out []byte) (*plugin, error) {
	var d dump
	if err := json.Unmarshal(out, &d); err != nil {
		return nil, fmt.Errorf("failed decoding plugin info: %w", err)
	}
	if d.Protocol != "ProtoBuf:1" {
		return nil, fmt.Errorf("protocol %q: kongsim speaks ProtoBuf:1 only", d.Protocol)
	}
	if len(d.Plugins) == 0 {
		return nil, errors.New("it names no plugin")
	}
	info := d.Plugins[0] // Kong reads no other
	if info.Priority != math.Trunc(info.Priority) {
		return nil, fmt.Errorf("plugin %q: its PRIORITY field is not a valid integer number, got %v", info.Name, info.Priority)
	}
	parsed, err := schema.Parse(info.Schema)
	if err != nil {
		return nil, fmt.Errorf("plugin %q: %w", info.Name, err)
	}
	return &plugin{name: info.Name, priority: int(info.Priority), phases: info.Phases, schema: parsed}, nil
}

// runs reports whether the plugin has a handler for that phase.
func (p *plugin) runs(in phase) bool { return slices.Contains(p.phases, in.String()) }

// loadPlugins returns the enabled plugins, the one that runs first in front.
func loadPlugins(ctx context.Context, o Options, log *errorLog) ([]*plugin, error) {
	available := map[string]*plugin{keyAuthName: newKeyAuth()}
	var problems []error
	for _, server := range o.Plugins {
		p, err := query(ctx, server)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		p.warnOfPhases(log)
		available[p.name] = p
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return enable(available, o.Enabled)
}

func enable(available map[string]*plugin, names []string) ([]*plugin, error) {
	var enabled []*plugin
	var problems []error
	for _, name := range names {
		if name == "bundled" {
			name = keyAuthName
		}
		p := available[name]
		switch {
		case p == nil:
			problems = append(problems, fmt.Errorf("%s plugin is enabled but not installed", name))
		case !slices.Contains(enabled, p):
			enabled = append(enabled, p)
		}
	}
	slices.SortFunc(enabled, func(a, b *plugin) int {
		return -cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.name, b.name))
	})
	return enabled, errors.Join(problems...)
}

func (p *plugin) warnOfPhases(log *errorLog) {
	for _, name := range p.phases {
		if name != rewritePhase.String() && name != accessPhase.String() {
			log.writef("warn", "plugin %s: its phase %s is not played by kongsim", p.name, name)
		}
	}
}
