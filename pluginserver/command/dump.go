package command

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
	"tollgate/pluginserver/registry"
)

// dumped is what Kong's query command prints (kong/runloop/plugin_servers/process.lua).
type dumped struct {
	Protocol string
	Plugins  []dumpedPlugin
}

type dumpedPlugin struct {
	Name     string
	Phases   []string
	Version  string
	Priority int
	Schema   map[string]any
}

// dump prints one plugin: Kong 3.9 reads only the first.
func dump(w io.Writer, name string) error {
	plugins, err := registry.Open([]string{name}, plugin.Deps{
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now,
	})
	if err != nil {
		return err
	}
	p := plugins[0]
	defer p.Close()
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	err = out.Encode(dumped{Protocol: "ProtoBuf:1", Plugins: []dumpedPlugin{{
		Name: p.Name, Phases: []string{plugin.Phase}, Version: p.Version, Priority: p.Priority, Schema: p.Schema.Kong(),
	}}})
	if err != nil {
		return fmt.Errorf("dumping %s: %w", name, err)
	}
	return nil
}
