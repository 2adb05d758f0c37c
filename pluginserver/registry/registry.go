// Package registry names the plugins that the server has. It is the one place of the server that
// knows them.
package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	headerguard "tollgate/plugins/header-guard"
	jwksverify "tollgate/plugins/jwks-verify"
	tieredlimit "tollgate/plugins/tiered-limit"
)

// entry is one plugin: its declaration, which costs nothing, and its constructor.
type entry struct {
	schema func() schema.Plugin
	open   func(plugin.Deps) plugin.Plugin
}

// entries lists every plugin, in the order in which Kong runs them.
func entries() []entry {
	return []entry{
		{headerguard.Schema, headerguard.New},
		{jwksverify.Schema, jwksverify.New},
		{tieredlimit.Schema, tieredlimit.New},
	}
}

// Names lists every plugin's name.
func Names() []string {
	names := make([]string, 0, len(entries()))
	for _, e := range entries() {
		names = append(names, e.schema().Name)
	}
	return names
}

// Check reports every name that is no plugin's.
func Check(names []string) error {
	known := Names()
	var errs []error
	for _, name := range names {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("unknown plugin %q; known are %s", name, strings.Join(known, ", ")))
		}
	}
	return errors.Join(errs...)
}

// Open makes the named plugins, all of them where none is named. Close each of them.
func Open(names []string, deps plugin.Deps) ([]plugin.Plugin, error) {
	if err := Check(names); err != nil {
		return nil, err
	}
	var plugins []plugin.Plugin
	for _, e := range entries() {
		if len(names) == 0 || slices.Contains(names, e.schema().Name) {
			plugins = append(plugins, e.open(deps))
		}
	}
	return plugins, nil
}
