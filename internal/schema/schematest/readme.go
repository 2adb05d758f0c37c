// Package schematest holds a plugin's README and its Go struct to its schema.
package schematest

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
	"tollgate/internal/schema"
)

var update = flag.Bool("update", false, "rewrite generated files")

// Check tests that the Go configuration C has the fields of the schema, that the table in README.md
// in the test's folder is the schema's, and that every configuration shown there is accepted.
func Check[C any](t *testing.T, s schema.Plugin) {
	t.Helper()
	if err := s.Config.Conform(reflect.TypeFor[C]()); err != nil {
		t.Errorf("the Go configuration and the schema differ: %v", err)
	}
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	checkTable(t, s, string(data))
	checkSnippets[C](t, s, string(data))
}

func checkTable(t *testing.T, s schema.Plugin, readme string) {
	t.Helper()
	before, rest, begins := strings.Cut(readme, schema.TableBegin)
	_, after, ends := strings.Cut(rest, schema.TableEnd)
	if !begins || !ends {
		t.Fatal("README.md lacks the lines that bound the table of configuration")
	}
	want := before + schema.TableBegin + "\n\n" + s.Table() + "\n" + schema.TableEnd + after
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, readme); diff != "" {
		t.Errorf("README.md is stale, run the test with -update (-want +got):\n%s", diff)
	}
}

// checkSnippets reads the YAML of the README as decK does: a list of plugins with their config.
func checkSnippets[C any](t *testing.T, s schema.Plugin, readme string) {
	t.Helper()
	snippets := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(snippets) == 0 {
		t.Error("README.md shows no configuration")
	}
	for _, snippet := range snippets {
		var deck struct {
			Plugins []struct {
				Name   string `yaml:"name"`
				Config any    `yaml:"config"`
			} `yaml:"plugins"`
		}
		if err := yaml.Unmarshal([]byte(snippet[1]), &deck); err != nil || len(deck.Plugins) != 1 || deck.Plugins[0].Name != s.Name {
			t.Fatalf("README.md shows no list of one %s: %v\n%s", s.Name, err, snippet[1])
		}
		config, err := json.Marshal(deck.Plugins[0].Config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plugin.Decode[C](s, config); err != nil {
			t.Errorf("README.md shows a configuration that is refused: %v\n%s", err, snippet[1])
		}
	}
}
