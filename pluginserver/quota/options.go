package quota

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options say whose counts are meant, where they lie, and how they are told.
type Options struct {
	// Configs are files of the declarative configuration; "-" is Stdin. Without one, Flat says what would
	// stand there.
	Configs []string
	Flat    Flat
	// Redis replaces members of each redis record. Files hold such members too, secrets and certificates, by
	// the member's name.
	Redis map[string]any
	Files map[string]string

	// ConsumerID is the consumer's id in Kong, where the files do not tell it.
	ConsumerID string
	// AdminURL is that of Kong's Admin API, to be asked for ids and tags; AdminToken goes with it as
	// Kong-Admin-Token. Both may be empty.
	AdminURL, AdminToken string
	// Tier outranks what tags say; Instance, Service and Route narrow the counts, each by name or id. Empty
	// is none.
	Tier, Instance, Service, Route string

	// JSON prints for machines.
	JSON bool
	// Timeout bounds each call to Redis and each to the Admin API, a millisecond at least.
	Timeout time.Duration
}

// Flat is a configuration of one tier, as flags give it. A limit of zero is none.
type Flat struct {
	Namespace, Scope, ScopeID, Timezone string
	Quota, TPS, Burst                   int64
}

// Env is the process's surroundings.
type Env struct {
	Lookup      func(name string) (string, bool) // of environment variables
	Stdin       io.Reader
	Stdout      io.Writer
	Diagnostics io.Writer // what a person should know besides
	Now         func() time.Time
}

// The environment variables with the passwords of Redis and of its sentinels: a flag's value is everybody's to
// read.
const (
	passwordVariable         = "TOLLGATE_REDIS_PASSWORD"
	sentinelPasswordVariable = "TOLLGATE_REDIS_SENTINEL_PASSWORD"
)

// check names all options that do not go together. What would be ignored is refused: it is a mistake.
func (o *Options) check(t target) error {
	var p problems
	if o.Timeout < time.Millisecond {
		p.add("--timeout must be at least 1ms, got %v", o.Timeout)
	}
	if o.ConsumerID != "" && t.kind != consumer {
		p.add("--consumer-id is for a consumer, and not for %s:", t.kind)
	}
	if len(o.Configs) > 0 {
		if given := o.Flat.given(); len(given) > 0 {
			p.add("%s: the configuration says that; only without --config", strings.Join(given, ", "))
		}
		return p.err()
	}
	if !says(o.Redis) {
		p.add("either --config or --redis-host (or --redis-socket, --redis-sentinel-nodes, --redis-cluster-nodes) must say where the counts are")
	}
	if o.Instance+o.Service+o.Route != "" {
		p.add("--instance, --service and --route narrow what stands in a configuration, and need --config")
	}
	o.Flat.check(&p)
	return p.err()
}

// given are the flags that were used.
func (f Flat) given() []string {
	var flags []string
	for _, flag := range []struct {
		name string
		used bool
	}{
		{"--namespace", f.Namespace != ""},
		{"--scope", f.Scope != ""},
		{"--scope-id", f.ScopeID != ""},
		{"--timezone", f.Timezone != ""},
		{"--quota", f.Quota != 0},
		{"--tps", f.TPS != 0},
		{"--burst", f.Burst != 0},
	} {
		if flag.used {
			flags = append(flags, flag.name)
		}
	}
	return flags
}

// check leaves to the plugin's own schema what that can say of each.
func (f Flat) check(p *problems) {
	if f.Quota == 0 && f.TPS == 0 {
		p.add("without --config, --quota or --tps must say what the tier admits")
	}
	if f.Quota == 0 && f.Timezone != "" {
		p.add("--timezone is that of the day of --quota, which is not given")
	}
	if f.TPS == 0 && f.Burst != 0 {
		p.add("--burst needs --tps")
	}
	anywhere := f.Scope == "" || f.Scope == consumer
	if !anywhere && f.ScopeID == "" {
		p.add("--scope %s needs --scope-id, the id of the %s", f.Scope, f.Scope)
	}
	if anywhere && f.ScopeID != "" {
		p.add("--scope-id needs --scope service or route")
	}
}

// problems are told all at once.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

func (p problems) err() error { return errors.Join(p...) }
