package integration

import (
	"os"
	"strings"
	"testing"
	"time"
)

// eventually waits for something to hold, for at most the patience, and returns how long it took.
func eventually(t *testing.T, patience time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	const step = 10 * time.Millisecond
	began := time.Now()
	poll := time.NewTicker(step)
	defer poll.Stop()
	for !holds() {
		if time.Since(began) > patience {
			t.Fatalf("waited %s for %s", patience, what)
		}
		<-poll.C
	}
	return time.Since(began)
}

// logHas waits for a line of a log that holds all of the texts, and returns it.
func logHas(t *testing.T, path string, texts ...string) string {
	t.Helper()
	const patience = 5 * time.Second
	var found string
	eventually(t, patience, strings.Join(texts, ", ")+" in one line of "+path, func() bool {
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
