package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tollgate/pluginserver/declarative"
)

const examples = "../../kong"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decode[T any](t *testing.T, text string) (into T) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &into); err != nil {
		t.Fatal(err)
	}
	return into
}

// example is kong.yml as decK reads it.
func example(t *testing.T) map[string]any {
	t.Helper()
	values := Environment()
	rendered, err := declarative.Render([]byte(read(t, "kong.yml")), func(name string) (string, bool) { value, ok := values[name]; return value, ok })
	if err != nil {
		t.Fatal(err)
	}
	return decode[map[string]any](t, string(rendered))
}

// behindF5 is what kong.yml shows in a comment, and decK never reads.
func behindF5(t *testing.T) map[string]any {
	t.Helper()
	_, block, found := strings.Cut(read(t, "kong.yml"), "\n# plugins:\n")
	block, _, ends := strings.Cut(block, "\n\n")
	if !found || !ends {
		t.Fatal("kong.yml shows no plugin in a comment")
	}
	return decode[map[string]any](t, "plugins:\n"+regexp.MustCompile(`(?m)^# `).ReplaceAllString(block, ""))
}

func TestEveryPluginOfTheExampleIsAccepted(t *testing.T) {
	count := map[string]int{}
	for _, entry := range slices.Concat(Entries(example(t)), Entries(behindF5(t))) {
		if entry.Name == "" {
			t.Errorf("%s has no name", entry.Where)
		}
		if err := Check(entry.Name, entry.Config); err != nil {
			t.Errorf("%s: %v", entry.Where, err)
		}
		count[entry.Name]++
	}
	if diff := cmp.Diff(map[string]int{"header-guard": 4, "jwks-verify": 1, "tiered-limit": 1, "key-auth": 1}, count); diff != "" {
		t.Errorf("plugins (-want +got):\n%s", diff)
	}
}

func TestAConfigurationIsJudged(t *testing.T) {
	for _, row := range []struct {
		name, plugin string
		config       any
		says         string
	}{
		{"a field that is none", "tiered-limit", map[string]any{"tiers": []any{map[string]any{"name": "free", "tsp": 1}}, "default_tier": "free", "redis": map[string]any{"host": "r"}}, "tsp"},
		{"what only Go checks", "tiered-limit", map[string]any{"tiers": []any{map[string]any{"name": "free"}}, "default_tier": "gold", "redis": map[string]any{"host": "r"}}, "default_tier"},
		{"no configuration", "jwks-verify", nil, "issuers"},
		{"a reference in the place of a long secret", "header-guard", map[string]any{"trusted_peers": []any{"10.0.0.1"}, "witness": map[string]any{"secrets": []any{"{vault://env/w}"}}}, ""},
		{"a plugin of Kong", "key-auth", map[string]any{"whatever": 1}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := Check(row.plugin, row.config)
			if (err != nil) != (row.says != "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want one that says %q", err, row.says)
			}
		})
	}
}

func TestTheHeadOfTheExampleNamesEveryVariable(t *testing.T) {
	head, body, _ := strings.Cut(read(t, "kong.yml"), "_format_version")
	named, used := variables(`DECK_[A-Z_]+`, head), variables(`env "(DECK_[A-Z_]+)"`, body)
	if diff := cmp.Diff(used, named); diff != "" {
		t.Errorf("variables (-used +named):\n%s", diff)
	}
	set := []string{}
	for name := range Environment() {
		set = append(set, name)
	}
	slices.Sort(set)
	if diff := cmp.Diff(used, set); diff != "" {
		t.Errorf("variables (-used +set by this test):\n%s", diff)
	}
}

// variables are the last groups of the matches, each once.
func variables(pattern, text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[len(match)-1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// sync.yml gives decK what kong.yml asks for.
func TestThePlaybookSetsEveryVariableOfTheExample(t *testing.T) {
	all := decode[struct {
		Environment map[string]string `yaml:"deck_environment"`
	}](t, read(t, "ansible/group_vars/all/main.yml"))
	want := append(slices.Collect(maps.Keys(Environment())), "DECK_ANALYTICS", "DECK_KONG_ADDR")
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(all.Environment))); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}
