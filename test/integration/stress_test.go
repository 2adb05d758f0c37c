package integration

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/test/sandbox"
)

// stressEnv is the environment variable that says how long each disturbance is repeated. Set, it has the suite print
// what it measured, as test/STRESS.md has it. Unset, each disturbance comes once.
const stressEnv = "TOLLGATE_STRESS"

// stressTables are what the suite measured. Their methods may be called from any goroutine.
type stressTables struct {
	mu    sync.Mutex
	tolls []toll
	facts [][3]string
	// admin counts the answers of Kong's Admin root, each of which was 200.
	admin atomic.Int64
}

// held notes what a test has shown: what was to hold, by which bound, and what was measured.
func (s *stressTables) held(t *testing.T, what, bound, measured string) {
	t.Helper()
	if t.Failed() {
		measured += ", FAILED"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts = append(s.facts, [3]string{what, bound, measured})
}

// tally counts answers by status.
type tally map[int]int

func (c tally) String() string {
	var counts []string
	for _, status := range slices.Sorted(maps.Keys(c)) {
		counts = append(counts, fmt.Sprintf("%d got %d", c[status], status))
	}
	return strings.Join(counts, ", ")
}

func (s *stressTables) paid(t toll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tolls = append(s.tolls, t)
}

// markdown is both tables, with the day.
func (s *stressTables) markdown(gateway sandbox.Gateway, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	fmt.Fprintf(&out, "\nMeasured on %s, gateway: %s, %s.\n\n", now.Format(time.DateOnly), gateway, machineLoad())
	out.WriteString("| Disturbance | Times | Requests | No answer | 5xx | Sent again | p99 | Slowest | Right again after | Bound of each time |\n")
	out.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, t := range s.tolls {
		out.WriteString(t.row())
	}
	out.WriteString("\n| What must hold | Bound | Measured |\n|---|---|---|\n")
	if n := s.admin.Load(); n > 0 {
		fmt.Fprintf(&out, "| Kong's Admin `GET /` after each disturbance | 200 each time | %d times 200 |\n", n)
	}
	slices.SortFunc(s.facts, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	for _, f := range s.facts {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(f[:], " | "))
	}
	return out.String()
}

// machineLoad is how busy the machine was, with this suite and all else (proc_loadavg(5)).
func machineLoad() string {
	data, err := os.ReadFile("/proc/loadavg")
	averages := strings.Fields(string(data))
	if err != nil || len(averages) < 3 {
		return "load unknown"
	}
	return fmt.Sprintf("load average of the last 1, 5 and 15 minutes %s on %d cores", strings.Join(averages[:3], ", "), runtime.NumCPU())
}

// toll is what a disturbance cost the requests of a load, over all times that it came.
type toll struct {
	name, bound string
	times       int
	took        []time.Duration
	byStatus    map[int]int
	again       int
	// wrong is the longest that passed from a stroke to the last answer that was not 200.
	wrong time.Duration
}

// add counts the requests around one stroke.
func (t *toll) add(log []answered, struck time.Time) {
	t.times++
	for _, a := range log {
		t.took = append(t.took, a.took)
		t.byStatus[a.status]++
		if a.again {
			t.again++
		}
		if a.status != http.StatusOK {
			t.wrong = max(t.wrong, a.at().Sub(struck))
		}
	}
}

// failures counts the requests that got a 5xx.
func (t *toll) failures() (n int) {
	for status, of := range t.byStatus {
		if status >= http.StatusInternalServerError {
			n += of
		}
	}
	return n
}

// quantile is the time that such a part of the requests took at most.
func (t *toll) quantile(q float64) time.Duration {
	if len(t.took) == 0 {
		return 0
	}
	slices.Sort(t.took)
	return t.took[int(q*float64(len(t.took)-1))]
}

func (t *toll) row() string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %s | %s | %s | %s |\n", t.name, t.times, len(t.took), t.byStatus[0], t.failures(), t.again,
		t.quantile(0.99).Round(time.Millisecond), t.quantile(1).Round(time.Millisecond), t.wrong.Round(time.Millisecond), t.bound)
}
