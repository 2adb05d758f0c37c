package headerguard

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
	"tollgate/internal/schema"
)

var update = flag.Bool("update", false, "rewrite the table of configuration in README.md")

func TestReadmeHoldsTheTableOfTheSchema(t *testing.T) {
	readme := readme(t)
	before, rest, begins := strings.Cut(readme, schema.TableBegin)
	_, after, ends := strings.Cut(rest, schema.TableEnd)
	if !begins || !ends {
		t.Fatal("README.md lacks the lines that bound the table")
	}
	want := before + schema.TableBegin + "\n" + Schema().Table() + schema.TableEnd + after
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

func TestReadmeShowsConfigurationsThatWork(t *testing.T) {
	snippets := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(snippets) == 0 {
		t.Fatal("README.md shows no configuration")
	}
	for _, snippet := range snippets {
		var deck struct {
			Plugins []struct {
				Name   string `yaml:"name"`
				Config any    `yaml:"config"`
			} `yaml:"plugins"`
		}
		if err := yaml.Unmarshal([]byte(snippet[1]), &deck); err != nil {
			t.Fatalf("%s: %v", snippet[1], err)
		}
		config, err := json.Marshal(deck.Plugins[0].Config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plugin.Decode[Config](Schema(), config); err != nil || deck.Plugins[0].Name != Name {
			t.Errorf("%s: %v", snippet[1], err)
		}
	}
}

func TestReadmeNamesEveryReasonAndDecision(t *testing.T) {
	readme := readme(t)
	for _, name := range []string{
		string(Missing), string(Blank), string(NotUTF8), string(Pattern),
		string(passed), string(audited), string(rejected), string(unread), challenge,
	} {
		if !strings.Contains(readme, name) {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
