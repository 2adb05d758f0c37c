// Package plugin is the contract between the plugin server and a plugin.
package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/kong"
	"tollgate/internal/schema"
)

// Phase is the one phase of Kong in which the plugins run. The log and response phases cost a timer
// or body buffering on each request, so what would be done there is done here.
const Phase = "access"

// Plugin is one plugin and the state that its instances share.
type Plugin struct {
	Name string
	// Version is x.y.z, as Kong demands.
	Version string
	// Priority orders plugins within a phase: higher runs earlier.
	Priority int
	Schema   schema.Plugin
	// Build compiles one configuration, JSON without Kong's own members. It does not wait for a
	// network. Its error lists all problems of the configuration.
	Build func(config []byte) (Handler, error)
	// Close gives up what the instances share; no Build follows.
	Close func()
	// Status tells operators of the state that the instances share: what encodes as JSON, without a secret.
	// Nil where there is nothing to tell.
	Status func() any
}

// Handler is one compiled configuration. It serves any number of requests at once.
type Handler interface {
	// Access handles one request. The context ends when the server stops.
	Access(ctx context.Context, r *kong.Request)
	// Close gives back what the configuration holds, once nobody uses it any more.
	Close()
}

// Deps are what the process lends to its plugins.
type Deps struct {
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time
}

// Decode reads a configuration by its plugin's schema into a C, and validates it.
func Decode[C any](s schema.Plugin, config []byte) (C, error) {
	var c C
	if err := s.Config.Decode(config, &c); err != nil {
		return c, fmt.Errorf("configuration of %s: %w", s.Name, err)
	}
	return c, nil
}
