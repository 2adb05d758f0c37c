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
		if hasAll(line, texts) {
			return line
		}
	}
	return ""
}

// linesWith counts the lines of a file that hold all of the texts.
func linesWith(t *testing.T, path string, texts ...string) (n int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if hasAll(line, texts) {
			n++
		}
	}
	return n
}

func hasAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}
