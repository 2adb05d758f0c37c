package observability

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tollgate/test/tool"
)

// rule is an alert.
type rule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func readRules(t *testing.T) []rule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(read(t, inRepository("kong", "prometheus", "rules.yml")), &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("there are no rules")
	}
	return all
}

func TestTheRulesNameOnlyWhatTheServerExposes(t *testing.T) {
	exposed := stageOf(t).scrape(t)
	for _, r := range readRules(t) {
		wantExposed(t, r.Alert, r.Expr, exposed)
	}
}

func TestPromtoolTakesTheRulesAndTheConfiguration(t *testing.T) {
	promtool := tool.Need(t, "promtool")
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"}, // and the rules that it names
		{"test", "rules", "rules_test.yml"},
	} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = inRepository("kong", "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// ruleTest is one of rules_test.yml.
type ruleTest struct {
	Name        string
	Expressions []struct {
		Expr    string
		Samples []struct{ Labels string } `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

// TestEachAlertIsTestedBothWays holds the annotations to the labels that the alert has when it fires, too: an
// unknown one would be an empty word on somebody's pager.
func TestEachAlertIsTestedBothWays(t *testing.T) {
	var file struct{ Tests []ruleTest }
	if err := yaml.Unmarshal(read(t, inRepository("kong", "prometheus", "rules_test.yml")), &file); err != nil {
		t.Fatal(err)
	}
	fires, silent := map[string]string{}, map[string]bool{}
	for _, test := range file.Tests {
		name, _, _ := strings.Cut(test.Name, ":")
		for _, e := range test.Expressions {
			if e.Expr != fmt.Sprintf("ALERTS{alertname=%q, alertstate=\"firing\"}", name) {
				t.Errorf("%s asks for %s", test.Name, e.Expr)
			}
			if len(e.Samples) == 0 {
				silent[name] = true
			} else {
				fires[name] = e.Samples[0].Labels
			}
		}
	}
	label := regexp.MustCompile(`\$labels\.(\w+)`)
	for _, r := range readRules(t) {
		if fires[r.Alert] == "" || !silent[r.Alert] {
			t.Errorf("%s: tested firing %t, silent %t", r.Alert, fires[r.Alert] != "", silent[r.Alert])
		}
		if !slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) {
			t.Errorf("%s has the severity %q", r.Alert, r.Labels["severity"])
		}
		for _, name := range []string{"summary", "meaning", "first"} {
			text := r.Annotations[name]
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is %q", r.Alert, name, text)
			}
			for _, found := range label.FindAllStringSubmatch(text, -1) {
				if !strings.Contains(fires[r.Alert], found[1]+`="`) {
					t.Errorf("%s: %s names the label %s, and the alert has %s", r.Alert, name, found[1], fires[r.Alert])
				}
			}
		}
	}
}

// annotationOf is one of an alert.
func annotationOf(t *testing.T, alert, name string) string {
	t.Helper()
	for _, r := range readRules(t) {
		if r.Alert == alert {
			return r.Annotations[name]
		}
	}
	t.Fatalf("there is no %s", alert)
	return ""
}

// TestTheAlertOfLostCountsExplainsWhatItIsOf leaves out stopped, which rises when nobody can scrape it any more.
func TestTheAlertOfLostCountsExplainsWhatItIsOf(t *testing.T) {
	const family = "tollgate_tiered_limit_debts_total"
	var lost, explained []string
	for _, sample := range stageOf(t).scrape(t)[family].samples {
		result := strings.TrimSuffix(strings.TrimPrefix(sample.series, family+`{result="`), `"}`)
		if result != "settled" && result != "stopped" {
			lost = append(lost, result)
		}
	}
	for _, found := range regexp.MustCompile(`(\w+): `).FindAllStringSubmatch(annotationOf(t, "TollgateCountsLost", "first"), -1) {
		explained = append(explained, found[1])
	}
	slices.Sort(lost)
	slices.Sort(explained)
	if !slices.Equal(lost, explained) {
		t.Errorf("explained are %v, and there are %v", explained, lost)
	}
}

// TestTheLinesOfTheLogThatAreNamedAreWritten holds the alert of Redis to the lines that tell why it is away.
func TestTheLinesOfTheLogThatAreNamedAreWritten(t *testing.T) {
	var named []string
	for _, found := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(annotationOf(t, "TollgateRedisAway", "first"), -1) {
		named = append(named, found[1])
	}
	if len(named) != 2 {
		t.Errorf("named are %q, want a line for Redis and one for a part of a Cluster", named)
	}
	source := string(read(t, inRepository("plugins", "tiered-limit", "guardreport.go")))
	for _, line := range named {
		if !strings.Contains(source, `"`+line) {
			t.Errorf("nothing logs %q", line)
		}
	}
}

// TestEachFileThatIsNamedIsThere follows the pointers of annotations into the repository.
func TestEachFileThatIsNamedIsThere(t *testing.T) {
	path := regexp.MustCompile(`(plugins/[\w/.-]+\.md), ([^).]+)`)
	count := 0
	for _, r := range readRules(t) {
		for name, text := range r.Annotations {
			for _, found := range path.FindAllStringSubmatch(text, -1) {
				count++
				if content := read(t, inRepository(filepath.FromSlash(found[1]))); !strings.Contains(string(content), "# "+found[2]) {
					t.Errorf("%s: %s points to %q in %s, which has no such heading", r.Alert, name, found[2], found[1])
				}
			}
		}
	}
	if count == 0 {
		t.Error("no annotation points to a document")
	}
}
