package observability

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite generated files")

// The lines between which the table of metrics is generated.
const (
	tableBegin = "<!-- metrics: generated from a running server, go test ./test/observability -update -->"
	tableEnd   = "<!-- metrics: end -->"
)

func TestTheTableOfMetricsIsWhatTheServerExposes(t *testing.T) {
	path := inRepository("kong", "prometheus", "README.md")
	readme := string(read(t, path))
	before, rest, begins := strings.Cut(readme, tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatal("README.md lacks the lines that bound the table of metrics")
	}
	want := before + tableBegin + "\n\n" + table(stageOf(t).scrape(t)) + "\n" + tableEnd + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, readme); diff != "" {
		t.Errorf("README.md is stale, run the test with -update (-want +got):\n%s", diff)
	}
}

// table lists our own metrics. Those of the process and of Go's runtime are documented by their library.
func table(all map[string]*metric) string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | what it shows |\n|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		if !strings.HasPrefix(name, "tollgate_") {
			continue
		}
		labels := slices.Sorted(maps.Keys(m.labels))
		if m.kind == "histogram" {
			labels = slices.DeleteFunc(labels, func(label string) bool { return label == "le" })
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, m.kind, strings.Join(labels, ", "), strings.ReplaceAll(m.help, "|", `\|`))
	}
	return b.String()
}

// TestEveryMetricIsAsItShouldBe holds what no table shows.
func TestEveryMetricIsAsItShouldBe(t *testing.T) {
	bounded := []string{
		"by", "decision", "goversion", "host", "kind", "le", "limit", "mode", "outcome", "percent", "place", "plugin", "reason", "result",
		"revision", "rule", "status", "store", "target", "tier", "version",
	}
	for name, m := range stageOf(t).scrape(t) {
		if !strings.HasPrefix(name, "tollgate_") {
			continue
		}
		if m.help == "" || m.kind == "" || m.kind == "untyped" {
			t.Errorf("%s has the type %q and the help %q", name, m.kind, m.help)
		}
		for label := range m.labels {
			if !slices.Contains(bounded, label) {
				t.Errorf("%s has a label %s: is the number of its values bounded? Then say so here", name, label)
			}
		}
		if len(m.samples) > 200 {
			t.Errorf("%s has %d samples", name, len(m.samples))
		}
	}
}
