package token

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// vaultEnv is a reference to Kong's environment vault without a prefix (kong/vaults/env): the one that
// another process can read.
var vaultEnv = regexp.MustCompile(`^\{vault://env/([A-Za-z0-9_-]+)\}$`)

// resolve replaces the vault references in a configuration. Those that cannot be read here it leaves, as the
// configuration is valid with them and may not be without, and names their fields: they are secrets for
// fetching keys, and keys can be had from a file.
func resolve(config []byte, lookup func(string) (string, bool)) (resolved []byte, unread []string, err error) {
	var members map[string]any
	if err := json.Unmarshal(config, &members); err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text, _ := members[name].(string)
		if !strings.HasPrefix(text, "{vault://") {
			continue
		}
		if value, ok := fromEnvironment(text, lookup); ok {
			members[name] = value
		} else {
			unread = append(unread, name)
		}
	}
	resolved, err = json.Marshal(members)
	return resolved, unread, err
}

func fromEnvironment(reference string, lookup func(string) (string, bool)) (string, bool) {
	match := vaultEnv.FindStringSubmatch(reference)
	if match == nil {
		return "", false
	}
	return lookup(strings.ToUpper(strings.ReplaceAll(match[1], "-", "_")))
}
