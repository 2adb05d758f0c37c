package tieredlimit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// daysEnds are days under load in several zones, each from before its begin until after its end. The begins
// are written down here and not asked of a calendar, which is what is tested.
var daysEnds = []struct {
	name, zone string
	begins     []string // of the days, in UTC; the last one's end is not seen
}{
	{"an ordinary day", "Asia/Kolkata", []string{"2025-06-14T18:30:00Z", "2025-06-15T18:30:00Z"}},
	{"a day of 23 hours", "America/New_York", []string{"2025-03-09T05:00:00Z", "2025-03-10T04:00:00Z"}},
	{"a day of 25 hours", "America/New_York", []string{"2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"}},
	{"a day whose midnight is skipped", "Africa/Cairo", []string{"2025-04-24T22:00:00Z", "2025-04-25T21:00:00Z"}},
	{"a day whose last hour comes twice", "Africa/Cairo", []string{"2025-10-29T21:00:00Z", "2025-10-30T22:00:00Z"}},
	{"a day before one that is skipped", "Pacific/Apia", []string{"2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"}},
}

// aboutMidnight are the times at which requests come at once, around each begin of a day. The clock stands
// still while they are counted, so that it is known in which day each of them is.
var aboutMidnight = []time.Duration{
	-3 * time.Second, -2 * time.Second, -us, 0, us, time.Second - us, time.Second, 2 * time.Second,
}

// Whatever the zone does at a day's end, and whatever a node takes for the time, each day admits its quota: no
// request more, and from its first microsecond to its last none less.
func TestADaysEndUnderLoad(t *testing.T) {
	loads := map[string]int{"exhausted in its last microsecond": 14, "exhausted early": 45} // requests at once
	for kind, start := range servers {
		all := openNodes(t, start(t))
		for _, d := range daysEnds {
			for load, requests := range loads {
				t.Run(d.name+", "+load+", on "+kind, func(t *testing.T) {
					loadDays(t, all, d.zone, d.begins, requests)
				})
			}
		}
	}
}

// loadDays loads the nodes about the begins of days with so many requests at once.
func loadDays(t *testing.T, all nodes, zone string, begins []string, requests int) {
	t.Helper()
	of := tier{name: "t", limits: Limits{TPS: 1000, Quota: 100, Days: daysOf(t, zone)}}
	left := of.limits.Quota
	for _, text := range begins {
		begin, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, after := range aboutMidnight {
			if after == 0 {
				left = of.limits.Quota
			}
			want := min(left, int64(requests))
			left -= want
			if got := all.count(t, t.Name(), begin.Add(after), of, requests); got != want {
				t.Errorf("%v after %v: admitted %d of %d, want %d", after, begin, got, requests, want)
			}
		}
	}
}

// nodes are several with one Redis, each with its own clock and its own memory.
type nodes []struct {
	store clockRedis
	front *front
	off   time.Duration
}

func openNodes(t *testing.T, addr string) nodes {
	t.Helper()
	clocks := []time.Duration{0, time.Second, -time.Second, 9 * 24 * time.Hour}
	all := make(nodes, len(clocks))
	for i := range all {
		store := openClockRedis(t, addr)
		all[i].store, all[i].off = store, clocks[i]
		all[i].front = newFront(store, 5*time.Second, store.nodeTime, newMetrics(nil))
	}
	return all
}

// count has requests of a consumer counted at one time, on all nodes at once, and returns how many were admitted.
func (all nodes) count(t *testing.T, consumer string, now time.Time, of tier, requests int) int64 {
	t.Helper()
	all[0].store.setClock(t, now)
	for _, n := range all {
		n.store.setNode(now.Add(n.off))
	}
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			out, _, err := all[i%len(all)].front.Count(t.Context(), consumer, of)
			if err != nil {
				t.Error(err)
			}
			admitted.Add(out.Admitted)
		})
	}
	wg.Wait()
	return admitted.Load()
}
