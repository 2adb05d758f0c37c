package scale

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// table is one of test/SCALE.md.
type table struct {
	name string
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table in Markdown.
func (t table) String() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "---"
	}
	fmt.Fprintf(&b, "|%s|\n", strings.Join(rule, "|"))
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

// in replaces the table of its name in a document: what stands between two comments.
func (t table) in(document string) (string, error) {
	begin, end := "<!-- measured: "+t.name+" -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("there is no place for the table %q", t.name)
	}
	return before + begin + t.String() + end + after, nil
}

// figure has three digits that count, and thousands apart.
func figure(v float64) string {
	if v != 0 && math.Abs(v) < 100 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if v <= -0.5 {
		return "-" + text
	}
	return text
}

func mebibytes(v float64) string { return figure(v / (1 << 20)) }
