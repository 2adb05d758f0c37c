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

// choose returns the one instance that the options leave, and does not guess among several.
func choose(o *Options, d *declarative.Document) (*declarative.Plugin, error) {
	var left []*declarative.Plugin
	for _, p := range d.Plugins {
		if p.Enabled && p.Called(o.Instance) && serves(p, o) {
			left = append(left, p)
		}
	}
	switch len(left) {
	case 0:
		return nil, fmt.Errorf("%s: no instance of %s that is enabled%s", strings.Join(o.Configs, ", "), plugin, narrowed(o))
	case 1:
		return left[0], nil
	}
	var names []string
	for _, p := range left {
		names = append(names, fmt.Sprintf("%q", p.Title()))
	}
	return nil, fmt.Errorf("%s: %d instances of %s: say --instance, one of %s", strings.Join(o.Configs, ", "), len(left), plugin, strings.Join(names, ", "))
}

func narrowed(o *Options) string {
	if o.Instance+o.Service+o.Route == "" {
		return ""
	}
	return ", as narrowed by --instance, --service and --route"
}

// serves tells whether requests on the named service and route can be the instance's.
func serves(p *declarative.Plugin, o *Options) bool {
	service := p.Service
	if service == nil && p.Route != nil {
		service = p.Route.Service
	}
	return (o.Service == "" || service != nil && slices.Contains([]string{service.Name, service.ID}, o.Service)) &&
		(o.Route == "" || p.Route != nil && slices.Contains([]string{p.Route.Name, p.Route.ID}, o.Route))
}
