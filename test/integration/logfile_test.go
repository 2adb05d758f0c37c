package integration

import (
	"os"
	"strings"
	"testing"
	"time"

	"tollgate/test/eventually"
)

// logHas waits for a line of a log that holds all of the texts, and returns it.
func logHas(t *testing.T, path string, texts ...string) string {
	t.Helper()
	const patience = 5 * time.Second
	var found string
	eventually.Holds(t, patience, strings.Join(texts, ", ")+" in one line of "+path, func() bool {
		found = lineWith(path, texts...)
		return found != ""
	})
	return found
}

// lineWith is the first line of a file that holds all of the texts, or "".
func lineWith(path string, texts ...string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		missing := false
		for _, text := range texts {
			missing = missing || !strings.Contains(line, text)
		}
		if !missing {
			return line
		}
	}
	return ""
}
