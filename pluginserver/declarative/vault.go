package declarative

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

// Resolve replaces the vault references in a plugin's configuration. Those that cannot be read here it
// leaves, as the configuration is valid with them and may not be without, and names their fields, as in
// redis.password and secrets[1].
func Resolve(config []byte, lookup func(string) (string, bool)) (resolved []byte, unread []string, err error) {
	var members map[string]any
	if err := json.Unmarshal(config, &members); err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	r := resolver{lookup: lookup}
	resolved, err = json.Marshal(r.value("", members))
	return resolved, r.unread, err
}

type resolver struct {
	lookup func(string) (string, bool)
	unread []string
}

// value returns what stands for a value at a path.
func (r *resolver) value(path string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			v[name] = r.value(strings.TrimPrefix(path+"."+name, "."), v[name])
		}
	case []any:
		for i := range v {
			v[i] = r.value(fmt.Sprintf("%s[%d]", path, i+1), v[i])
		}
	case string:
		return r.text(path, v)
	}
	return value
}

func (r *resolver) text(path, text string) string {
	if !strings.HasPrefix(text, "{vault://") {
		return text
	}
	if match := vaultEnv.FindStringSubmatch(text); match != nil {
		if value, ok := r.lookup(strings.ToUpper(strings.ReplaceAll(match[1], "-", "_"))); ok {
			return value
		}
	}
	r.unread = append(r.unread, path)
	return text
}
