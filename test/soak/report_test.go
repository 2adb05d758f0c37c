package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// report is a table of medians over time in Markdown, and what became of the requests.
func (s *soak) report(samples []sample) string {
	var b strings.Builder
	b.WriteString("| after |")
	for _, m := range measures() {
		b.WriteString(" " + m.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(measures())) + "\n")
	const rows = 10
	for part := range slices.Chunk(samples, max(1, (len(samples)+rows-1)/rows)) {
		fmt.Fprintf(&b, "| %s |", part[len(part)-1].at.Round(time.Second))
		for _, m := range measures() {
			fmt.Fprintf(&b, " %d |", m.median(part)/m.unit)
		}
		b.WriteString("\n")
	}
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	for _, p := range s.tally.phases {
		fmt.Fprintf(&b, "\n| requests %s | answers by status, 0 for none |\n|---|---|\n", p.name)
		for _, k := range kinds() {
			var parts []string
			for _, status := range slices.Sorted(maps.Keys(p.counts[k.name])) {
				parts = append(parts, fmt.Sprintf("%d: %d", status, p.counts[k.name][status]))
			}
			fmt.Fprintf(&b, "| %s | %s |\n", k.name, strings.Join(parts, ", "))
		}
	}
	return b.String()
}
