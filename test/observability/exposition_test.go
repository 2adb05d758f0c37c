package observability

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// metric is one of what the server exposes.
type metric struct {
	name, kind, help string
	labels           map[string]bool
	samples          []sample
}

type sample struct {
	series string
	value  float64
}

// scrape asks the server for its metrics, by their names.
func (s *stage) scrape(t *testing.T) map[string]*metric {
	t.Helper()
	return readExposition(t, string(s.fetch(t, s.StatusURL+"/metrics")))
}

var (
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
)

// readExposition reads Prometheus' text format. The samples of a histogram are its own.
func readExposition(t *testing.T, text string) map[string]*metric {
	t.Helper()
	all := map[string]*metric{}
	of := func(name string) *metric {
		if all[name] == nil {
			all[name] = &metric{name: name, labels: map[string]bool{}}
		}
		return all[name]
	}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, help, _ := strings.Cut(rest, " ")
			of(name).help = help
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			of(name).kind = kind
			continue
		}
		found := sampleLine.FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("no sample: %s", line)
		}
		value, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		m := of(familyOf(found[1], all))
		series, _, _ := strings.Cut(line, " "+found[3])
		m.samples = append(m.samples, sample{series, value})
		for _, label := range labelPair.FindAllStringSubmatch(found[2], -1) {
			m.labels[label[1]] = true
		}
	}
	return all
}

// familyOf is the metric that a sample belongs to: histograms and summaries have samples of other names.
func familyOf(name string, all map[string]*metric) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && all[base] != nil && slices.Contains([]string{"histogram", "summary"}, all[base].kind) {
			return base
		}
	}
	return name
}
