package soak

import (
	"os"
	"testing"
	"time"
)

// soakEnv is the environment variable that says how long to soak.
const soakEnv = "TOLLGATE_SOAK"

// plan says when what happens. First the plugin server is killed and stopped again and again, then one lives to
// the end, and everything else happens beside it.
type plan struct {
	kills, mixed   time.Duration
	killEvery      time.Duration
	troubleEvery   time.Duration
	sampleEvery    time.Duration
	pace           time.Duration // between two requests of a sender
	betweenAttacks time.Duration // on the plugin socket
	reuse          int           // requests with one token: each token is remembered until it expires
}

// planned is a minute for the suite, or as long as the environment says.
func planned(t *testing.T) plan {
	t.Helper()
	short := plan{
		kills: 6 * time.Second, mixed: 45 * time.Second, killEvery: time.Second, troubleEvery: 3 * time.Second,
		sampleEvery: 2 * time.Second, pace: 100 * time.Millisecond, betweenAttacks: 200 * time.Millisecond, reuse: 10,
	}
	text := os.Getenv(soakEnv)
	if text == "" {
		return short
	}
	whole, err := time.ParseDuration(text)
	if err != nil || whole < time.Minute {
		t.Fatalf("%s: must be a duration of a minute or more, got %q", soakEnv, text)
	}
	const kills, samples, faster = 5, 150, 2 // a fifth of the time, that many, that much
	return plan{
		kills: whole / kills, mixed: whole - whole/kills, killEvery: 10 * time.Second, troubleEvery: 5 * time.Second,
		sampleEvery: max(short.sampleEvery, whole/samples), pace: short.pace / faster, betweenAttacks: short.betweenAttacks / faster,
		reuse: 1000,
	}
}
