package integration

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

const (
	// replaced is what a request may wait while the plugin server is: the parent's patience with one that hangs, 3 s,
	// and as much for a machine that is busy.
	replaced = 6 * time.Second
	// reloaded is what it may wait for Kong's workers: at a load of 15 on two cores `kong reload` had one wait 9 s.
	reloaded = 15 * time.Second
	// rightAgain is how long traffic may still be wrong after what was taken away is back.
	rightAgain = time.Second
	// oldEnough is an age at which a plugin server that dies is started again at once: its parent waits before it
	// replaces one that died young, which repeated strokes are not to measure.
	oldEnough = 6 * time.Second
	// patience is how long anything may take to come about on a machine that is busy.
	patience = 30 * time.Second
	// untilBack is the cost of a disturbance that is bounded by time: any number of 5xx until rightAgain.
	untilBack = -1
)

// disturbance happens to a gateway under load.
type disturbance struct {
	name string
	// strike returns once it is over, with the time at which that was.
	strike func(t *testing.T, s *sandbox.Sandbox) time.Time
	// longest is what a request may wait.
	longest time.Duration
	// lost is how many requests may get no good answer, or untilBack.
	lost int
	// kongOnly marks what the stand-in does not play: it has one process, no Admin API, and no command line.
	kongOnly bool
}

func (d disturbance) bound() string {
	switch d.lost {
	case 0:
		return fmt.Sprintf("every request gets 200, within %s", d.longest)
	case untilBack:
		return fmt.Sprintf("200 or 5xx, within %s; 200 alone %s after the restart", d.longest, rightAgain)
	}
	return fmt.Sprintf("at most %d requests, those under way, get no 200", d.lost)
}

// TestTheGatewayIsDisturbedUnderLoad has one gateway go through all that may happen to it. Each time the load gets
// what the bound says, the Admin API answers, and no count is lost. TOLLGATE_STRESS=30s repeats each for that long.
func TestTheGatewayIsDisturbedUnderLoad(t *testing.T) {
	lasts := stressLasts(t)
	s := start(t, sandbox.Options{})
	token := bearerOf(t, s, issuer.Token{Client: "load-app"})
	getFrom(t, s, "/limited/token", token).is(t, http.StatusOK)
	shared.stress.held(t, "the plugin server first, then Kong", "200 from the first request on", "200")
	for _, d := range disturbances() {
		t.Run(d.name, func(t *testing.T) {
			if d.kongOnly {
				realKongOnly(t)
			}
			cost := toll{name: d.name, bound: d.bound(), byStatus: map[int]int{}}
			for until := time.Now().Add(lasts); ; {
				if lasts > 0 && d.lost == untilBack {
					time.Sleep(oldEnough)
				}
				d.once(t, s, token, &cost)
				if time.Now().After(until) || t.Failed() {
					break
				}
			}
			t.Logf("%d times, %d requests, by status %v, %d sent again, p99 %s, the slowest %s; the last bad answer %s after the stroke", cost.times,
				len(cost.took), cost.byStatus, cost.again, cost.quantile(0.99), cost.quantile(1), cost.wrong)
			shared.stress.paid(cost)
		})
	}
	t.Run("another limit keeps the counts", func(t *testing.T) { limitsChange(t, s) })
}

func stressLasts(t *testing.T) time.Duration {
	t.Helper()
	value := os.Getenv(stressEnv)
	if value == "" {
		return 0
	}
	lasts, err := time.ParseDuration(value)
	if err != nil {
		t.Fatalf("%s: %v", stressEnv, err)
	}
	return lasts
}

// once strikes one time, and judges what became of the load and of the counts.
func (d disturbance) once(t *testing.T, s *sandbox.Sandbox, token string, cost *toll) {
	t.Helper()
	before := remainingToday(t, s)
	l := startLoad(t, s, token)
	eventually.Holds(t, patience, "the load to run", func() bool { return l.good(time.Time{}) > 50 })
	struck := time.Now()
	over := d.strike(t, s)
	settled := over
	if d.lost == untilBack {
		settled = over.Add(rightAgain)
	}
	eventually.Holds(t, patience, "traffic to go on", func() bool { return l.good(settled) > 20 })
	log := l.end()
	cost.add(log, struck)
	d.judge(t, log, over)
	if after := remainingToday(t, s); after != before-1 {
		t.Errorf("%d requests remained of the day, after one more %d", before, after)
	}
	if shared.gateway == sandbox.Kong {
		adminAnswers(t, s)
	}
}

// judge holds the answers against the bound.
func (d disturbance) judge(t *testing.T, log []answered, over time.Time) {
	t.Helper()
	bad := 0
	for _, a := range log {
		if a.took > d.longest {
			t.Errorf("a request waited %s, and may %s", a.took, d.longest)
		}
		if a.status == http.StatusOK {
			continue
		}
		bad++
		after := a.at().Sub(over)
		if after > rightAgain {
			t.Errorf("a request got %d, %s after all was back", a.status, after)
		}
		if d.lost == untilBack && a.status < http.StatusInternalServerError {
			t.Errorf("a request got %d, %s after the restart", a.status, after)
		}
	}
	if d.lost != untilBack && bad > d.lost {
		t.Errorf("%d of %d requests were lost, and %d may", bad, len(log), d.lost)
	}
}

// adminAnswers asks for Kong's Admin root, which decK and the ingress controller need, and which is 500 for
// good once a server that Kong 3.9 started itself has gone (Kong/kong#14260).
func adminAnswers(t *testing.T, s *sandbox.Sandbox) {
	t.Helper()
	r, err := send(s.AdminURL + "/")
	if err != nil {
		t.Fatal(err)
	}
	r.is(t, http.StatusOK)
	shared.stress.admin.Add(1)
}
