package kongsim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// Options say what a gateway runs. The zero value of a field is its default.
type Options struct {
	Config     []byte // declarative configuration in decK's format
	ConfigFile string // read instead of Config

	Listen  string         // host:port, 127.0.0.1:0
	Plugins []PluginServer // as pluginserver_names
	Enabled []string       // as plugins: names, or "bundled"; bundled and all of Plugins
	Workers int            // nginx_worker_processes, 2

	TrustedIPs      []string // trusted_ips: addresses and CIDRs, none
	RealIPHeader    string   // real_ip_header, X-Real-IP
	RealIPRecursive bool     // real_ip_recursive, off

	// AccessLog gets one JSON line per request, nowhere by default. The line is
	// there before a small response ends; after a large one it may come later.
	AccessLog io.Writer
	ErrorLog  io.Writer // nginx's error log, stderr
	LogLevel  string    // log_level, notice

	PoolSize     int           // lua_socket_pool_size, 256
	IdleTimeout  time.Duration // lua_socket_keepalive_timeout, 60 s
	ReadTimeout  time.Duration // lua_socket_read_timeout, 60 s
	ClaimTimeout time.Duration // how long a request waits for another one to start an instance, 10 s

	// MaxRetries ends a loop in which the plugin server closes every event's
	// connection, 1000. Kong would go on for ever.
	MaxRetries int
	// DrainTimeout is how long Close waits for requests, 5 s.
	DrainTimeout time.Duration
}

// PluginServer is one of Kong's pluginserver_names.
type PluginServer struct {
	Name   string
	Socket string
	Query  []string // the command that prints the plugin's info, with arguments
}

func (o Options) withDefaults() Options {
	o.Listen = cmp.Or(o.Listen, "127.0.0.1:0")
	o.Workers = cmp.Or(o.Workers, 2)
	o.LogLevel = cmp.Or(o.LogLevel, "notice")
	o.PoolSize = cmp.Or(o.PoolSize, 256)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 60*time.Second)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 60*time.Second)
	o.ClaimTimeout = cmp.Or(o.ClaimTimeout, 10*time.Second)
	o.MaxRetries = cmp.Or(o.MaxRetries, 1000)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, 5*time.Second)
	if o.AccessLog == nil {
		o.AccessLog = io.Discard
	}
	if o.ErrorLog == nil {
		o.ErrorLog = os.Stderr
	}
	if o.Enabled == nil {
		o.Enabled = []string{"bundled"}
		for _, server := range o.Plugins {
			o.Enabled = append(o.Enabled, server.Name)
		}
	}
	return o
}

func (o Options) validate() error {
	var problems []error
	if o.Workers < 1 {
		problems = append(problems, fmt.Errorf("workers: must be at least 1, got %d", o.Workers))
	}
	if !slices.Contains(logLevels, o.LogLevel) {
		problems = append(problems, fmt.Errorf("log level: must be one of %q, got %q", logLevels, o.LogLevel))
	}
	for i, server := range o.Plugins {
		if server.Name == "" || server.Socket == "" || len(server.Query) == 0 {
			problems = append(problems, fmt.Errorf("plugin server %d: name, socket and query are required", i))
		}
	}
	return errors.Join(problems...)
}

// config reads the configuration from where it is.
func (o Options) config() ([]byte, error) {
	if o.ConfigFile == "" {
		return o.Config, nil
	}
	return os.ReadFile(o.ConfigFile)
}
