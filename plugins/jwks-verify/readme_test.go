package jwksverify

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tollgate/internal/plugin"
	"tollgate/internal/schema"
)

var update = flag.Bool("update", false, "rewrite generated parts of README.md")

func TestReadmeTableIsFresh(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), schema.TableBegin+"\n")
	_, after, closed := strings.Cut(rest, schema.TableEnd)
	if !found || !closed {
		t.Fatal("README.md lacks the marks of its table")
	}
	fresh := before + schema.TableBegin + "\n" + Schema().Table() + schema.TableEnd + after
	if *update {
		if err := os.WriteFile("README.md", []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh != string(data) {
		t.Error("the table of README.md is stale; run go test -update")
	}
}

func TestReadmeConfigIsValid(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "```yaml\n")
	snippet, _, _ := strings.Cut(rest, "```")
	var file struct {
		Plugins []struct {
			Name   string
			Config map[string]any
		}
	}
	if err := yaml.Unmarshal([]byte(snippet), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Plugins) != 1 || file.Plugins[0].Name != Schema().Name {
		t.Fatalf("the snippet is %+v", file)
	}
	if _, err := plugin.Decode[Config](Schema(), mustJSON(file.Plugins[0].Config)); err != nil {
		t.Error(err)
	}
}
