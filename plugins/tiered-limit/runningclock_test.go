package tieredlimit

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/test/redistest"
)

// The same while the clock runs: calls are under way when the day ends, and so are denials.
func TestADaysEndWhileTheClockRuns(t *testing.T) {
	const quota = 300
	all := openNodes(t, redistest.Start(t))
	for _, d := range daysEnds {
		begin, err := time.Parse(time.RFC3339, d.begins[1])
		if err != nil {
			t.Fatal(err)
		}
		of := tier{name: "t", limits: Limits{Quota: quota, Days: daysOf(t, d.zone)}}
		for load, requests := range map[string]int{"exhausted before": 2 * quota, "not exhausted": quota / 2} {
			t.Run(d.name+", "+load, func(t *testing.T) {
				before := all.count(t, t.Name(), begin.Add(-time.Second), of, requests)
				ended := all.load(t, t.Name(), of, begin)
				after := all.count(t, t.Name(), begin.Add(time.Second), of, 2*quota)
				total, second := before+ended+after, all.used(t, t.Name())
				if first := total - second; second != quota || first > quota || requests > quota && first != quota {
					t.Errorf("the first day admitted %d and the second %d of %d", first, second, quota)
				}
			})
		}
	}
}

// load sends requests from all nodes without a pause while the clock goes from a little before a time to a
// little after it, and returns how many were admitted.
func (all nodes) load(t *testing.T, consumer string, of tier, about time.Time) int64 {
	t.Helper()
	var admitted atomic.Int64
	var done atomic.Bool
	var wg sync.WaitGroup
	for i := range 2 * len(all) {
		wg.Go(func() {
			for !done.Load() {
				out, _, err := all[i%len(all)].front.Count(t.Context(), consumer, of)
				if err != nil {
					t.Error(err)
				}
				admitted.Add(out.Admitted)
			}
		})
	}
	const span = 20 * ms
	for now := about.Add(-span); now.Before(about.Add(span)); now = now.Add(ms) {
		all[0].store.setClock(t, now)
		for _, n := range all {
			n.store.setNode(now.Add(n.off))
		}
	}
	done.Store(true)
	wg.Wait()
	return admitted.Load()
}

// used is what the last day has admitted, as Redis has it.
func (all nodes) used(t *testing.T, consumer string) int64 {
	t.Helper()
	state, err := all[0].store.client.Get(t.Context(), keys(consumer)[0]).Result()
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(state, " ")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
