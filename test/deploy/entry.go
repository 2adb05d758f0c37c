package deploy

import (
	"fmt"
	"maps"
	"slices"
)

// Entry is one plugin in a configuration of Kong.
type Entry struct {
	// Where it stands, as in services[0].plugins[1].
	Where, Name string
	Config      any
}

// Entries are the plugins of a document in decK's format, wherever they stand.
func Entries(document any) []Entry { return entriesIn("", document) }

func entriesIn(where string, node any) []Entry {
	var found []Entry
	switch node := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			found = append(found, entriesUnder(where, key, node[key])...)
		}
	case []any:
		for i, element := range node {
			found = append(found, entriesIn(fmt.Sprintf("%s[%d]", where, i), element)...)
		}
	}
	return found
}

func entriesUnder(where, key string, node any) []Entry {
	if where != "" {
		where += "."
	}
	list, ok := node.([]any)
	if key != "plugins" || !ok {
		return entriesIn(where+key, node)
	}
	var found []Entry
	for i, element := range list {
		entry, _ := element.(map[string]any)
		name, _ := entry["name"].(string)
		found = append(found, Entry{fmt.Sprintf("%splugins[%d]", where, i), name, entry["config"]})
	}
	return found
}
