package token

import (
	"errors"
	"io"
	"strconv"
	"time"
)

// Options say which instance judges the token, when, and by which keys.
type Options struct {
	// Configs are files of the declarative configuration.
	Configs []string
	// Instance, Service and Route narrow the instances, each by name or id. Empty is any.
	Instance, Service, Route string
	// At is when the token is judged; zero is now.
	At time.Time
	// JWKS is a file with the issuer's key set; without one it is fetched as the plugin does.
	JWKS string
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

// ParseTime reads RFC 3339, or seconds since 1970 as a token holds them. Its error does not repeat the text,
// which may be a token that was given in the wrong place.
func ParseTime(text string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("must be like 2026-03-01T12:00:00Z, or seconds since 1970")
	}
	return at, nil
}

func (o *Options) check() error {
	if len(o.Configs) == 0 {
		return errors.New("--config must say which file holds the configuration")
	}
	return nil
}
