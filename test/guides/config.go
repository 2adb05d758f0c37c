package guides

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"

	"tollgate/internal/plugin"
	headerguard "tollgate/plugins/header-guard"
	jwksverify "tollgate/plugins/jwks-verify"
	tieredlimit "tollgate/plugins/tiered-limit"
	"tollgate/pluginserver/declarative"
)

// deciders decode a plugin's configuration as the plugin does.
func deciders() map[string]func(config []byte) error {
	return map[string]func([]byte) error{
		"header-guard": func(c []byte) error { _, err := plugin.Decode[headerguard.Config](headerguard.Schema(), c); return err },
		"jwks-verify":  func(c []byte) error { _, err := plugin.Decode[jwksverify.Config](jwksverify.Schema(), c); return err },
		"tiered-limit": func(c []byte) error { _, err := plugin.Decode[tieredlimit.Config](tieredlimit.Schema(), c); return err },
	}
}

// checkFile holds a whole configuration to our schemas, as the Admin API does for decK.
func checkFile(text []byte) error {
	var problems []error
	for name, decide := range deciders() {
		document, err := declarative.Parse(name, declarative.Source{Name: "kong.yml", Text: text})
		if err != nil {
			return err
		}
		for _, p := range document.Plugins {
			if err := decide(p.Config); err != nil {
				problems = append(problems, fmt.Errorf("%s: %s: %w", p.Where, name, err))
			}
		}
	}
	return errors.Join(problems...)
}

// checkShown holds each configuration of our plugins in what a page shows to its schema, wherever it stands.
func checkShown(text []byte) (found int, err error) {
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return 0, err
	}
	var problems []error
	walk(document, func(name string, config any) {
		decide := deciders()[name]
		if decide == nil {
			return
		}
		found++
		data, err := json.Marshal(config)
		if err == nil {
			err = decide(data)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	})
	return found, errors.Join(problems...)
}

// walk finds objects with a name and a config.
func walk(node any, see func(name string, config any)) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			walk(item, see)
		}
	case map[string]any:
		if name, ok := n["name"].(string); ok && n["config"] != nil {
			see(name, n["config"])
		}
		for _, item := range n {
			walk(item, see)
		}
	}
}
