package guard

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"
)

// Options say which instance judges the request, and from where it came.
type Options struct {
	// Configs are files of the declarative configuration.
	Configs []string
	// Instance, Service and Route narrow the instances, each by name or id. Empty is any.
	Instance, Service, Route string
	// Peer is the TCP peer; empty where it is not known.
	Peer string
	// At is when the request is judged, for the load balancer's witness; zero is now.
	At time.Time
	// JSON prints for machines.
	JSON bool
}

// Env is the process's surroundings.
type Env struct {
	Lookup      func(name string) (string, bool) // of environment variables
	Stdin       io.Reader
	Stdout      io.Writer
	Diagnostics io.Writer // what a person should know besides
	Now         func() time.Time
}

// check returns the peer, zero for none.
func (o *Options) check() (netip.Addr, error) {
	if len(o.Configs) == 0 {
		return netip.Addr{}, errors.New("--config must say which file holds the configuration")
	}
	if slices.Contains(o.Configs, "-") {
		return netip.Addr{}, errors.New("config: - is not possible here, the standard input is the request's")
	}
	if o.Peer == "" {
		return netip.Addr{}, nil
	}
	peer, err := netip.ParseAddr(o.Peer)
	if err != nil {
		return netip.Addr{}, errors.New("--peer must be an IP address")
	}
	return peer, nil
}

// note tells a person, and not a machine.
func (e *Env) note(format string, args ...any) {
	_, _ = fmt.Fprintf(e.Diagnostics, "note: "+format+"\n", args...)
}
