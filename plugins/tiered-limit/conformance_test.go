package tieredlimit

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is a time at which twelve hours of the day are left.
var noon = time.Date(2025, 11, 21, 12, 0, 0, 0, time.UTC)

// step is some requests at one time, and what the last of them gets.
type step struct {
	at       time.Duration // since noon
	limits   Limits
	requests int // zero means one
	admitted int
	last     Outcome // without Admitted and DayEnds
}

func TestEveryStoreKeepsTheLimits(t *testing.T) {
	tests := map[string][]step{
		"a rate admits its number in any rolling second, whatever the clock's second": {
			{at: 900 * ms, limits: Limits{TPS: 3}, requests: 2, admitted: 2, last: Outcome{RateLeft: 1}},
			{at: 1100 * ms, limits: Limits{TPS: 3}, requests: 2, admitted: 1, last: Outcome{RateWait: 800 * ms}},
			{at: 1899 * ms, limits: Limits{TPS: 3}, last: Outcome{RateWait: 1 * ms}},
			{at: 1900 * ms, limits: Limits{TPS: 3}, requests: 3, admitted: 2, last: Outcome{RateWait: 200 * ms}},
		},
		"an admission counts for one second to the microsecond": {
			{limits: Limits{TPS: 1}, admitted: 1},
			{at: time.Second - us, limits: Limits{TPS: 1}, last: Outcome{RateWait: ms}},
			{at: time.Second, limits: Limits{TPS: 1}, admitted: 1},
		},
		"what remains rises again as admissions grow older than a second": {
			{limits: Limits{TPS: 20}, requests: 12, admitted: 12, last: Outcome{RateLeft: 8}},
			{at: 500 * ms, limits: Limits{TPS: 20}, requests: 3, admitted: 3, last: Outcome{RateLeft: 5}},
			{at: 1100 * ms, limits: Limits{TPS: 20}, admitted: 1, last: Outcome{RateLeft: 16}},
		},
		"a bucket admits its burst at once and then its rate": {
			{limits: Limits{TPS: 10, Burst: 3}, requests: 4, admitted: 3, last: Outcome{RateWait: 100 * ms}},
			{at: 99 * ms, limits: Limits{TPS: 10, Burst: 3}, last: Outcome{RateWait: 1 * ms}},
			{at: 100 * ms, limits: Limits{TPS: 10, Burst: 3}, requests: 2, admitted: 1, last: Outcome{RateWait: 100 * ms}},
			{at: 350 * ms, limits: Limits{TPS: 10, Burst: 3}, requests: 3, admitted: 2, last: Outcome{RateWait: 50 * ms}},
			{at: time.Hour, limits: Limits{TPS: 10, Burst: 3}, admitted: 1, last: Outcome{RateLeft: 2}},
		},
		"a rejected request consumes neither the rate nor the day": {
			{limits: Limits{TPS: 2, Quota: 5}, requests: 50, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 3}},
			{at: time.Second, limits: Limits{TPS: 2, Quota: 5}, requests: 50, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 1}},
			{at: 2 * time.Second, limits: Limits{TPS: 2, Quota: 5}, requests: 50, admitted: 1, last: Outcome{RateLeft: 1}},
			{at: 2500 * ms, limits: Limits{TPS: 2}, requests: 2, admitted: 1, last: Outcome{RateWait: 500 * ms}},
		},
		"the quota is renewed at midnight UTC": {
			{limits: Limits{Quota: 2}, requests: 3, admitted: 2},
			{at: 12*time.Hour - us, limits: Limits{Quota: 2}},
			{at: 12 * time.Hour, limits: Limits{Quota: 2}, requests: 3, admitted: 2},
		},
		"a changed rate counts what was admitted before": {
			{limits: Limits{TPS: 4}, requests: 4, admitted: 4},
			{at: 100 * ms, limits: Limits{TPS: 6}, requests: 3, admitted: 2, last: Outcome{RateWait: 900 * ms}},
			{at: 200 * ms, limits: Limits{TPS: 2}, last: Outcome{RateWait: 900 * ms}},
			{at: 1000 * ms, limits: Limits{TPS: 2}, last: Outcome{RateWait: 100 * ms}},
			{at: 1000 * ms, limits: Limits{TPS: 6}, admitted: 1, last: Outcome{RateLeft: 3}},
			{at: 1100 * ms, limits: Limits{TPS: 2}, admitted: 1},
		},
		"a bucket takes over what an exact rate admitted, and an exact rate starts empty": {
			{limits: Limits{TPS: 10}, requests: 10, admitted: 10},
			{limits: Limits{TPS: 10, Burst: 12}, requests: 3, admitted: 2, last: Outcome{RateWait: 100 * ms}},
			{at: 2 * time.Second, limits: Limits{TPS: 10, Burst: 12}, requests: 12, admitted: 12},
			{at: 2 * time.Second, limits: Limits{TPS: 10}, admitted: 1, last: Outcome{RateLeft: 9}},
		},
		"a changed quota counts what was admitted before": {
			{limits: Limits{Quota: 3}, requests: 3, admitted: 3},
			{limits: Limits{Quota: 5}, admitted: 1, last: Outcome{DayLeft: 1}},
			{limits: Limits{TPS: 9}, admitted: 1, last: Outcome{RateLeft: 8}},
			{limits: Limits{Quota: 2}},
		},
		"a clock that steps back a little stands still": {
			{at: 500 * ms, limits: Limits{TPS: 2}, admitted: 1, last: Outcome{RateLeft: 1}},
			{limits: Limits{TPS: 2}, requests: 2, admitted: 1, last: Outcome{RateWait: 1500 * ms}},
			{at: 1500*ms - us, limits: Limits{TPS: 2}, last: Outcome{RateWait: 1 * ms}},
			{at: 1500 * ms, limits: Limits{TPS: 2}, requests: 3, admitted: 2, last: Outcome{RateWait: time.Second}},
		},
		"a bucket whose clock steps back a little waits until the clock has caught up too": {
			{at: 500 * ms, limits: Limits{TPS: 10, Burst: 2}, requests: 2, admitted: 2},
			{limits: Limits{TPS: 10, Burst: 2}, last: Outcome{RateWait: 600 * ms}},
			{at: 600*ms - us, limits: Limits{TPS: 10, Burst: 2}, last: Outcome{RateWait: 1 * ms}},
			{at: 600 * ms, limits: Limits{TPS: 10, Burst: 2}, admitted: 1},
		},
		"a lowered bucket waits 1/tps at most": {
			{limits: Limits{TPS: 1000, Burst: 10000}, requests: 300, admitted: 300, last: Outcome{RateLeft: 9700}},
			{limits: Limits{TPS: 1, Burst: 5}, last: Outcome{RateWait: time.Second}},
			{at: 400 * ms, limits: Limits{TPS: 1, Burst: 5}, last: Outcome{RateWait: 600 * ms}},
			{at: time.Second, limits: Limits{TPS: 1, Burst: 5}, requests: 2, admitted: 1, last: Outcome{RateWait: time.Second}},
		},
		"a bucket that takes over from a higher exact rate waits 1/tps at most": {
			{limits: Limits{TPS: 300}, requests: 300, admitted: 300},
			{limits: Limits{TPS: 2, Burst: 5}, last: Outcome{RateWait: 500 * ms}},
			{at: 500 * ms, limits: Limits{TPS: 2, Burst: 5}, requests: 2, admitted: 1, last: Outcome{RateWait: 500 * ms}},
		},
		"a clock that steps back further forgets the rate but locks nobody out": {
			{at: time.Hour, limits: Limits{TPS: 2, Quota: 9}, requests: 3, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 7}},
			{limits: Limits{TPS: 2, Quota: 9}, requests: 3, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 5}},
			{at: time.Hour, limits: Limits{TPS: 2, Quota: 9}, requests: 3, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 3}},
		},
	}
	for kind, open := range stores {
		t.Run(kind, func(t *testing.T) {
			s := open(t)
			for name, steps := range tests {
				t.Run(name, func(t *testing.T) { runSteps(t, s, name, steps) })
			}
		})
	}
}

const (
	ms = time.Millisecond
	us = time.Microsecond
)

func runSteps(t *testing.T, s clockStore, key string, steps []step) {
	t.Helper()
	for i, st := range steps {
		s.setClock(t, noon.Add(st.at))
		var admitted int
		var last Outcome
		for range max(1, st.requests) {
			last = take(t, s, key, st.limits)
			if last.Admitted {
				admitted++
			}
		}
		if admitted != st.admitted {
			t.Errorf("step %d: %d admitted, want %d", i+1, admitted, st.admitted)
		}
		if want := untilMidnight(st.at); last.DayEnds != want {
			t.Errorf("step %d: the day ends in %v, want %v", i+1, last.DayEnds, want)
		}
		last.Admitted, last.DayEnds = false, 0
		if diff := cmp.Diff(st.last, last); diff != "" {
			t.Errorf("step %d: last outcome (-want +got):\n%s", i+1, diff)
		}
	}
}

// untilMidnight is what is left of the day, in whole milliseconds, rounded up.
func untilMidnight(sinceNoon time.Duration) time.Duration {
	now := noon.Add(sinceNoon)
	left := now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
	return (left + ms - 1).Truncate(ms)
}

func TestEveryStoreKeepsConsumersApart(t *testing.T) {
	for kind, open := range stores {
		t.Run(kind, func(t *testing.T) {
			s := open(t)
			s.setClock(t, noon)
			for _, key := range []string{"consumer:a", "consumer:b", "ip:a"} {
				if !take(t, s, key, Limits{TPS: 1, Quota: 1}).Admitted {
					t.Errorf("the first request of %s is rejected", key)
				}
			}
		})
	}
}

func TestEveryStoreAdmitsNoMoreUnderConcurrency(t *testing.T) {
	const limit, clients, each = 50, 8, 20
	for kind, open := range stores {
		t.Run(kind, func(t *testing.T) {
			s := open(t)
			s.setClock(t, noon)
			admitted := make([]int, clients)
			var wg sync.WaitGroup
			for c := range clients {
				wg.Go(func() {
					for range each {
						out, err := s.Take(t.Context(), "consumer:1", Limits{TPS: limit, Quota: 1000})
						if err != nil {
							t.Error(err)
						}
						if out.Admitted {
							admitted[c]++
						}
					}
				})
			}
			wg.Wait()
			total := 0
			for _, n := range admitted {
				total += n
			}
			if total != limit {
				t.Errorf("admitted %d (%s), want %d", total, fmt.Sprint(admitted), limit)
			}
		})
	}
}
