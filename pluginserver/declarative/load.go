package declarative

import (
	"fmt"
	"os"
)

// Load reads the files of one configuration, rendered by lookup, with the instances of one plugin.
func Load(plugin string, paths []string, lookup func(string) (string, bool)) (*Document, error) {
	var sources []Source
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
		rendered, err := Render(text, lookup)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		sources = append(sources, Source{Name: path, Text: rendered})
	}
	return Parse(plugin, sources...)
}
