package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"tollgate/pluginserver/declarative"
)

// Render makes of a configuration with references what the gateway reads: Kong itself does not know them.
func (s *Sandbox) Render(source []byte) ([]byte, error) {
	values := s.values()
	rendered, err := declarative.Render(source, func(name string) (string, bool) { value, ok := values[name]; return value, ok })
	if err != nil || s.options.Gateway != Kong || s.options.Silent {
		return rendered, err
	}
	return withFileLog(rendered, s.AccessLog())
}

// writeConfig renders the configuration and writes it where the gateway reads it.
func (s *Sandbox) writeConfig(source []byte) error {
	rendered, err := s.Render(source)
	if err != nil {
		return err
	}
	// Renamed into place, so that no gateway reads half of it; readable by the gateway's workers.
	next := s.ConfigFile() + ".next"
	if err := os.WriteFile(next, rendered, 0o644); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return os.Rename(next, s.ConfigFile())
}

// withFileLog adds Kong's file-log for all requests: a real Kong writes its access log as JSON only
// through a log plugin, while kongsim always writes it so.
func withFileLog(config []byte, path string) ([]byte, error) {
	var document map[string]any
	if err := yaml.Unmarshal(config, &document); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	plugins, _ := document["plugins"].([]any)
	document["plugins"] = append(plugins, map[string]any{
		"name": "file-log", "config": map[string]any{"path": path, "reopen": false},
	})
	out, err := yaml.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return out, nil
}

// exampleConfig is the repository's kong/kong.yml.
func exampleConfig(moduleRoot string) ([]byte, error) {
	config, err := os.ReadFile(filepath.Join(moduleRoot, "kong", "kong.yml"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the sandbox serves the repository's configuration: %w", err)
	}
	return config, err
}
