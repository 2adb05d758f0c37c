package fleet

import (
	"strconv"
	"testing"
	"time"
)

// A server whose clock is off by days learns Redis' time from it, and counts in the same day as the others.
func TestAServerInAnotherDayCountsInRedisDay(t *testing.T) {
	const quota = 150
	f := startFleet(t, append(skewed(), 10*24*time.Hour)...)
	config, names := f.config(t, limits{Quota: quota}), consumers("lost", 1)

	far := newLoad(t, names, endless).on(f.nodes[3:], config)
	far.wait(t, func(seen *tally) bool { return seen.admitted.Load() > 0 })
	accounts, _ := f.read(t, names...)
	if first := accounts[names[0]].calls[0]; within(t, first) {
		t.Errorf("the days that the server asked for first hold Redis' time: its clock is not off: %+v", first)
	}
	all := newLoad(t, names, func(seen *tally) bool { return seen.denied.Load() >= workersPerNode }).on(f.nodes[:3], config)
	all.finish(t)
	far.stop()
	accounts, _ = f.read(t, names...)
	judge(t, names[0], accounts[names[0]], limits{Quota: quota}, quota)
	if seen := admitted(names[0], far, all); seen != quota {
		t.Errorf("the clients saw %d pass, want the day's %d", seen, quota)
	}
}

// within tells whether one of the days that a node has sent holds the time of the call.
func within(t *testing.T, c call) bool {
	t.Helper()
	first, firstErr := strconv.ParseInt(c.days[0], 10, 64)
	last, lastErr := strconv.ParseInt(c.days[len(c.days)-1], 10, 64)
	if firstErr != nil || lastErr != nil {
		t.Fatalf("days %q", c.days)
	}
	return first*second <= c.at && c.at < last*second
}
