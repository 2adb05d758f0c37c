package quota

import (
	"errors"
	"io"
	"time"
)

// Options say whose counts are meant, where they lie, and how they are told.
type Options struct {
	// Configs are files of the declarative configuration; "-" is Stdin. Without one, Flat says what would
	// stand there.
	Configs []string
	Flat    Flat
	// Redis replaces members of each redis record, and PasswordFile holds its password.
	Redis        map[string]any
	PasswordFile string

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
	// Timeout bounds each call to Redis and to the Admin API.
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

// passwordVariable is the environment variable with the password of Redis: a flag's value is everybody's to
// read.
const passwordVariable = "TOLLGATE_REDIS_PASSWORD"

func (o *Options) check() error {
	var errs []error
	if len(o.Configs) == 0 && o.Redis["host"] == nil {
		errs = append(errs, errors.New("either --config or --redis-host must say where the counts are"))
	}
	if len(o.Configs) == 0 && o.Flat.Quota == 0 {
		errs = append(errs, errors.New("without --config, --quota must say how many requests a day has"))
	}
	return errors.Join(errs...)
}
