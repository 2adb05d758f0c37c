package observability

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named are the metrics and labels of an expression of PromQL, as it spells them.
type named struct {
	metrics, labels map[string]bool
}

var (
	quoted    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	duration  = regexp.MustCompile(`\[[^\]]*\]`)
	matchers  = regexp.MustCompile(`\{([^}]*)\}`)
	groupings = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	word      = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*(\s*\()?`)
)

// namesIn finds what an expression names. That it is one, Prometheus itself says.
func namesIn(expr string) named {
	n := named{map[string]bool{}, map[string]bool{}}
	expr = quoted.ReplaceAllString(expr, `""`)
	expr = duration.ReplaceAllString(expr, "")
	labels := func(list string) string {
		for _, label := range word.FindAllString(list, -1) {
			n.labels[label] = true
		}
		return " "
	}
	for _, part := range []*regexp.Regexp{matchers, groupings} {
		expr = part.ReplaceAllStringFunc(expr, func(found string) string { return labels(part.FindStringSubmatch(found)[1]) })
	}
	for _, found := range word.FindAllString(expr, -1) {
		if !strings.HasSuffix(found, "(") && !slices.Contains([]string{"by", "and", "or", "unless"}, found) {
			n.metrics[found] = true
		}
	}
	return n
}

func TestNamesInExpressions(t *testing.T) {
	for expr, want := range map[string][2]string{
		`up{job="a(b)"} == 0`: {"up", "job"},
		`sum by (job, tier) (rate(a_total{b!="x", c=~"y|z"}[5m])) / on (job) group_left () sum(rate(d_total[1h])) > 0.1`: {"a_total d_total", "b c job tier"},
		`histogram_quantile(0.99, sum by (le) (rate(a_bucket{job=~"$job"}[$__rate_interval])))`:                          {"a_bucket", "job le"},
		`a / b > 1 and on (x) c unless d`: {"a b c d", "x"},
	} {
		got := namesIn(expr)
		if diff := cmp.Diff(want, [2]string{
			strings.Join(slices.Sorted(maps.Keys(got.metrics)), " "), strings.Join(slices.Sorted(maps.Keys(got.labels)), " "),
		}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expr, diff)
		}
	}
}

// wantExposed fails for what an expression names and the server does not have.
func wantExposed(t *testing.T, where, expr string, exposed map[string]*metric) {
	t.Helper()
	n := namesIn(expr)
	known := map[string]bool{"job": true, "instance": true} // Prometheus' own, of each target
	for name := range n.metrics {
		m := exposed[familyOf(name, exposed)]
		switch {
		case name == "up": // Prometheus' own
		case m == nil || len(m.samples) == 0:
			t.Errorf("%s names the metric %s, which the server does not have", where, name)
		default:
			maps.Copy(known, m.labels)
		}
	}
	for label := range n.labels {
		if !known[label] {
			t.Errorf("%s names the label %s, which none of its metrics has: %s", where, label, expr)
		}
	}
	if len(n.metrics) == 0 {
		t.Errorf("%s names no metric: %s", where, expr)
	}
}
