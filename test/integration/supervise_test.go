package integration

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

const (
	// longestWait is what a request may wait while the plugin server is replaced.
	longestWait = 4 * time.Second
	// rightAgain is how long after the restart traffic may still be wrong.
	rightAgain = time.Second
)

// TestThePluginServerIsReplacedUnderLoad takes it away in three ways while requests go on.
func TestThePluginServerIsReplacedUnderLoad(t *testing.T) {
	for _, row := range []struct {
		name   string
		signal syscall.Signal
	}{
		{"it is killed", syscall.SIGKILL},
		{"it is told to end, and drains", syscall.SIGTERM},
		{"it is stopped and answers no more", syscall.SIGSTOP},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, sandbox.Options{})
			l := startLoad(t, s, bearerOf(t, s, issuer.Token{Client: "load-app"}))
			eventually.Holds(t, 10*time.Second, "the load to run", func() bool { return l.good(time.Time{}) > 50 })
			victim := serverPID(t, s)
			struck := time.Now()
			if err := syscall.Kill(victim, row.signal); err != nil {
				t.Fatal(err)
			}
			var restarted time.Time
			eventually.Holds(t, 10*time.Second, "the restart", func() bool {
				restarted = noted(t, s, "plugin server started", struck)
				return !restarted.IsZero()
			})
			eventually.Holds(t, 20*time.Second, "traffic to go on", func() bool { return l.good(restarted.Add(rightAgain)) > 50 })
			judgeOutage(t, l.end(), struck, restarted)
			if alive(victim) {
				t.Error("the old plugin server is still there")
			}
		})
	}
}

// outage is what became of the requests around a restart.
type outage struct {
	byStatus map[int]int
	slowest  time.Duration
	// lastBad and firstGood are the times of answers after the restart.
	lastBad, firstGood time.Duration
}

func outageOf(log []answered, restarted time.Time) outage {
	o := outage{byStatus: map[int]int{}, firstGood: time.Hour}
	for _, a := range log {
		o.byStatus[a.status]++
		o.slowest = max(o.slowest, a.took)
		after := a.at().Sub(restarted)
		if a.status != http.StatusOK {
			o.lastBad = max(o.lastBad, after)
		} else if a.sent.After(restarted) {
			o.firstGood = min(o.firstGood, after)
		}
	}
	return o
}

// judgeOutage checks and prints the figures.
func judgeOutage(t *testing.T, log []answered, struck, restarted time.Time) {
	t.Helper()
	o := outageOf(log, restarted)
	t.Logf("%d requests, by status %v; restart %s after the stroke; the slowest took %s; after the restart the first good answer came in %s, the last bad one in %s",
		len(log), o.byStatus, restarted.Sub(struck).Round(time.Millisecond), o.slowest.Round(time.Millisecond),
		o.firstGood.Round(time.Millisecond), o.lastBad.Round(time.Millisecond))
	for status, n := range o.byStatus {
		if status != http.StatusOK && status < http.StatusInternalServerError {
			t.Errorf("%d requests got %d", n, status)
		}
	}
	if o.slowest > longestWait {
		t.Errorf("a request waited %s, and may %s", o.slowest, longestWait)
	}
	if o.firstGood > rightAgain {
		t.Errorf("the first good answer came %s after the restart", o.firstGood)
	}
	if o.lastBad > rightAgain {
		t.Errorf("a request was answered wrongly %s after the restart", o.lastBad)
	}
}
