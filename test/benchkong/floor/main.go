// Command floor serves a plugin on our server, for benchkong, that makes header-guard's call on a passing request and
// looks at nothing: what header-guard takes beyond it is its own.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	"tollgate/pluginserver/server"
)

const (
	name     = "guard-floor" // as benchkong calls it
	version  = "0.1.0"
	priority = 1050
)

// reader asks for the headers.
type reader struct{}

func (reader) Access(_ context.Context, r *kong.Request) { _, _ = r.Headers() }
func (reader) Close()                                    {}

func floor() plugin.Plugin {
	return plugin.Plugin{
		Name: name, Version: version, Priority: priority, Schema: schema.Plugin{Name: name}, Close: func() {},
		Build: func([]byte) (plugin.Handler, error) { return reader{}, nil },
	}
}

func main() {
	dumps := flag.Bool("dump", false, "tell Kong of the plugin, and end")
	socket := flag.String("socket", "", "where to serve it")
	flag.Parse()
	run := func() error { return serve(*socket) }
	if *dumps {
		run = dump
	}
	if err := run(); err != nil {
		slog.Error("serving the floor", "error", err)
		os.Exit(1)
	}
}

func dump() error {
	type members = map[string]any
	config := members{"type": "record", "fields": []members{}}
	return json.NewEncoder(os.Stdout).Encode(members{"Protocol": "ProtoBuf:1", "Plugins": []members{{
		"Name": name, "Phases": []string{plugin.Phase}, "Version": version, "Priority": priority,
		"Schema": members{"name": name, "fields": []members{{"config": config}}},
	}}})
}

func serve(socket string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	const everybody = 0o666 // Kong's workers may be another user
	listener, err := server.Listen(socket, everybody)
	if err != nil {
		return err
	}
	s := server.New(server.Config{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Plugins: []plugin.Plugin{floor()}})
	err = s.Serve(ctx, listener, time.Second)
	s.Close()
	return err
}
