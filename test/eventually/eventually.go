// Package eventually waits in tests for what other processes do.
package eventually

import (
	"testing"
	"time"
)

// Holds waits for something to hold, for at most the patience, and returns how long it took. Where it
// does not come to hold the test fails, and ends.
func Holds(tb testing.TB, patience time.Duration, what string, holds func() bool) time.Duration {
	tb.Helper()
	const step = 5 * time.Millisecond
	began := time.Now()
	poll := time.NewTicker(step)
	defer poll.Stop()
	for !holds() {
		if time.Since(began) > patience {
			tb.Fatalf("waited %s for %s", patience, what)
		}
		<-poll.C
	}
	return time.Since(began)
}
