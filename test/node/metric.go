package node

import (
	"bufio"
	"strconv"
	"strings"
	"testing"
)

// Metric is the sum of a node's metric over all its labels; 0 where it has none.
func (n *Node) Metric(tb testing.TB, name string) (sum float64) {
	tb.Helper()
	answer := n.get(tb, "/metrics")
	defer func() { _ = answer.Body.Close() }()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ") {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
		if err != nil {
			tb.Fatal(err)
		}
		sum += value
	}
	return sum
}
