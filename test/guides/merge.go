package guides

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// merge puts what a page shows of a configuration into the whole, as a reader does by hand: objects member by
// member; lists of named objects name by name, with new names at the end; anything else takes the place of what was.
func merge(whole, shown []byte) ([]byte, error) {
	var into, from any
	if err := yaml.Unmarshal(whole, &into); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if err := yaml.Unmarshal(shown, &from); err != nil {
		return nil, fmt.Errorf("reading what is merged into it: %w", err)
	}
	return yaml.Marshal(merged(into, from))
}

func merged(into, from any) any {
	if f, ok := from.(map[string]any); ok {
		i, ok := into.(map[string]any)
		if !ok {
			return from
		}
		for name, value := range f {
			i[name] = merged(i[name], value)
		}
		return i
	}
	f, ok := from.([]any)
	i, was := into.([]any)
	if !ok || !was || len(f) == 0 || nameOf(f[0]) == "" {
		return from
	}
	for _, item := range f {
		i = put(i, item)
	}
	return i
}

func put(list []any, item any) []any {
	for at, other := range list {
		if name := nameOf(item); name != "" && nameOf(other) == name {
			list[at] = merged(other, item)
			return list
		}
	}
	return append(list, item)
}

// nameOf is what tells the entities of a list apart.
func nameOf(item any) string {
	object, _ := item.(map[string]any)
	for _, key := range []string{"name", "username", "header", "issuer"} {
		if name, ok := object[key].(string); ok {
			return key + " " + name
		}
	}
	return ""
}
