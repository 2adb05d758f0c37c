package deploy

import (
	"encoding/json"
	"fmt"
	"regexp"

	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	headerguard "tollgate/plugins/header-guard"
	jwksverify "tollgate/plugins/jwks-verify"
	tieredlimit "tollgate/plugins/tiered-limit"
)

// Ours tells whether a plugin is one of this repository.
func Ours(name string) bool { return decoder(name) != nil }

// Check tells what a plugin finds wrong with a configuration, all at once: its schema and what only Go
// checks. A plugin that is not one of ours is not looked at. Nothing is started.
func Check(name string, config any) error {
	decode := decoder(name)
	if decode == nil {
		return nil
	}
	if config == nil {
		config = map[string]any{}
	}
	data, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("encoding the configuration of %s: %w", name, err)
	}
	return decode(resolved(data))
}

func decoder(name string) func([]byte) error {
	switch name {
	case headerguard.Schema().Name:
		return decoderOf[headerguard.Config](headerguard.Schema())
	case jwksverify.Schema().Name:
		return decoderOf[jwksverify.Config](jwksverify.Schema())
	case tieredlimit.Schema().Name:
		return decoderOf[tieredlimit.Config](tieredlimit.Schema())
	}
	return nil
}

func decoderOf[C any](s schema.Plugin) func([]byte) error {
	return func(config []byte) error {
		_, err := plugin.Decode[C](s, config)
		return err
	}
}

// resolved puts a value in the place of each reference to a vault, as Kong does before a plugin sees it.
func resolved(config []byte) []byte {
	return regexp.MustCompile(`"\{vault://[^"]*\}"`).ReplaceAll(config, []byte(`"a-secret-of-thirty-two-bytes-or-more"`))
}
