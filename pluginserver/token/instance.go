package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tollgate/pluginserver/declarative"
)

const plugin = "jwks-verify"

func readDocument(o *Options, env Env) (*declarative.Document, error) {
	if slices.Contains(o.Configs, "-") {
		return nil, errors.New("config: - is not possible here, the standard input is the token's")
	}
	return declarative.Load(plugin, o.Configs, env.Lookup)
}

// choose returns the instance that Kong runs for a token's request, which has no consumer yet.
func choose(o *Options, d *declarative.Document) (*declarative.Plugin, error) {
	p, err := d.Running(declarative.Narrow{Instance: o.Instance, Service: o.Service, Route: o.Route})
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", strings.Join(o.Configs, ", "), plugin, err)
	}
	return p, nil
}
