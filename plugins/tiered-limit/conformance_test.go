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
	last     Outcome // without Admitted and DayEnds: the same for one request that is the last and for all at once
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
			{limits: Limits{TPS: 1}, admitted: 1, last: Outcome{RateWait: time.Second}},
			{at: time.Second - us, limits: Limits{TPS: 1}, last: Outcome{RateWait: us}},
			{at: time.Second, limits: Limits{TPS: 1}, admitted: 1, last: Outcome{RateWait: time.Second}},
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
			{limits: Limits{TPS: 4}, requests: 4, admitted: 4, last: Outcome{RateWait: time.Second}},
			{at: 100 * ms, limits: Limits{TPS: 6}, requests: 3, admitted: 2, last: Outcome{RateWait: 900 * ms}},
			{at: 200 * ms, limits: Limits{TPS: 2}, last: Outcome{RateWait: 900 * ms}},
			{at: 1000 * ms, limits: Limits{TPS: 2}, last: Outcome{RateWait: 100 * ms}},
			{at: 1000 * ms, limits: Limits{TPS: 6}, admitted: 1, last: Outcome{RateLeft: 3}},
			{at: 1100 * ms, limits: Limits{TPS: 2}, admitted: 1, last: Outcome{RateWait: 900 * ms}},
		},
		"a bucket takes over what an exact rate admitted": {
			{limits: Limits{TPS: 10}, requests: 10, admitted: 10, last: Outcome{RateWait: time.Second}},
			{limits: Limits{TPS: 10, Burst: 12}, requests: 3, admitted: 2, last: Outcome{RateWait: 100 * ms}},
			{at: 2 * time.Second, limits: Limits{TPS: 10, Burst: 12}, requests: 12, admitted: 12, last: Outcome{RateWait: 100 * ms}},
		},
		"an exact rate keeps to the bucket before it for a second, and then to itself": {
			{limits: Limits{TPS: 10, Burst: 100}, requests: 98, admitted: 98, last: Outcome{RateLeft: 2}},
			{limits: Limits{TPS: 10}, requests: 5, admitted: 2, last: Outcome{RateWait: 100 * ms}},
			{at: 450 * ms, limits: Limits{TPS: 10}, requests: 5, admitted: 4, last: Outcome{RateWait: 50 * ms}},
			{at: 1000*ms - us, limits: Limits{TPS: 20}, requests: 50, admitted: 11, last: Outcome{RateWait: us}},
			{at: 1000 * ms, limits: Limits{TPS: 20}, requests: 50, admitted: 5, last: Outcome{RateWait: 450 * ms}},
		},
		"nodes with a bucket and nodes with the exact rate admit together what the bucket holds and the rate": {
			{limits: Limits{TPS: 10, Burst: 30}, requests: 50, admitted: 30, last: Outcome{RateWait: 100 * ms}},
			{at: 400 * ms, limits: Limits{TPS: 10}, requests: 2, admitted: 2, last: Outcome{RateLeft: 2}},
			{at: 500 * ms, limits: Limits{TPS: 10, Burst: 30}, requests: 50, admitted: 3, last: Outcome{RateWait: 100 * ms}},
			{at: 900 * ms, limits: Limits{TPS: 10}, requests: 50, admitted: 4, last: Outcome{RateWait: 100 * ms}},
			{at: 1000 * ms, limits: Limits{TPS: 10, Burst: 30}, requests: 50, admitted: 1, last: Outcome{RateWait: 100 * ms}},
		},
		"nodes with a small bucket and nodes with a large one admit together no more than the large one": {
			{limits: Limits{TPS: 10, Burst: 100}, requests: 200, admitted: 100, last: Outcome{RateWait: 100 * ms}},
			{at: 100 * ms, limits: Limits{TPS: 10, Burst: 2}, requests: 9, admitted: 1, last: Outcome{RateWait: 100 * ms}},
			{at: 200 * ms, limits: Limits{TPS: 10, Burst: 100}, requests: 200, admitted: 1, last: Outcome{RateWait: 100 * ms}},
			{at: 10 * time.Second, limits: Limits{TPS: 10, Burst: 2}, requests: 9, admitted: 2, last: Outcome{RateWait: 100 * ms}},
			{at: 15 * time.Second, limits: Limits{TPS: 10, Burst: 100}, requests: 200, admitted: 50, last: Outcome{RateWait: 100 * ms}},
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
			{at: 1500*ms - us, limits: Limits{TPS: 2}, last: Outcome{RateWait: us}},
			{at: 1500 * ms, limits: Limits{TPS: 2}, requests: 3, admitted: 2, last: Outcome{RateWait: time.Second}},
		},
		"a bucket whose clock steps back a little waits until the clock has caught up too": {
			{at: 500 * ms, limits: Limits{TPS: 10, Burst: 2}, requests: 2, admitted: 2, last: Outcome{RateWait: 100 * ms}},
			{limits: Limits{TPS: 10, Burst: 2}, last: Outcome{RateWait: 600 * ms}},
			{at: 600*ms - us, limits: Limits{TPS: 10, Burst: 2}, last: Outcome{RateWait: us}},
			{at: 600 * ms, limits: Limits{TPS: 10, Burst: 2}, admitted: 1, last: Outcome{RateWait: 100 * ms}},
		},
		"a lowered bucket waits 1/tps at most": {
			{limits: Limits{TPS: 1000, Burst: 400}, requests: 399, admitted: 399, last: Outcome{RateLeft: 1}},
			{limits: Limits{TPS: 1, Burst: 5}, requests: 2, admitted: 1, last: Outcome{RateWait: time.Second}},
			{at: 400 * ms, limits: Limits{TPS: 1, Burst: 5}, last: Outcome{RateWait: 600 * ms}},
			{at: time.Second, limits: Limits{TPS: 1, Burst: 5}, requests: 2, admitted: 1, last: Outcome{RateWait: time.Second}},
		},
		"a bucket that takes over from a higher exact rate waits 1/tps at most": {
			{limits: Limits{TPS: 300}, requests: 300, admitted: 300, last: Outcome{RateWait: time.Second}},
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
				t.Run(name, func(t *testing.T) { runSteps(t, s, name, steps, oneByOne) })
				t.Run(name+", all at once", func(t *testing.T) { runSteps(t, s, name+" at once", steps, takeN) })
			}
		})
	}
}

const (
	ms = time.Millisecond
	us = time.Microsecond
)

// oneByOne takes n requests in as many calls, and returns what they would have got in one.
func oneByOne(tb testing.TB, s Store, key string, l Limits, n int64) Outcome {
	tb.Helper()
	var out Outcome
	var admitted int64
	for range n {
		out = take(tb, s, key, l)
		admitted += out.Admitted
	}
	out.Admitted = admitted
	return out
}

func runSteps(t *testing.T, s clockStore, key string, steps []step, takeAll func(testing.TB, Store, string, Limits, int64) Outcome) {
	t.Helper()
	for i, st := range steps {
		now := noon.Add(st.at)
		s.setClock(t, now)
		want := st.last
		want.Admitted = int64(st.admitted)
		if st.limits.Quota > 0 {
			st.limits.Days = daysOf(t, "UTC")
			want.DayEnds = now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
		}
		got := takeAll(t, s, key, st.limits, int64(max(1, st.requests)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("step %d: outcome (-want +got):\n%s", i+1, diff)
		}
	}
}

func TestEveryStoreKeepsConsumersApart(t *testing.T) {
	for kind, open := range stores {
		t.Run(kind, func(t *testing.T) {
			s := open(t)
			s.setClock(t, noon)
			for _, key := range []string{"consumer:a", "consumer:b", "ip:a"} {
				if take(t, s, key, Limits{TPS: 1}).Admitted != 1 {
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
			limits := Limits{TPS: limit, Quota: 1000, Days: daysOf(t, "UTC")}
			admitted := make([]int64, clients)
			var wg sync.WaitGroup
			for c := range clients {
				wg.Go(func() {
					for range each {
						out, err := s.Take(t.Context(), "consumer:1", limits, 2)
						if err != nil {
							t.Error(err)
						}
						admitted[c] += out.Admitted
					}
				})
			}
			wg.Wait()
			total := int64(0)
			for _, n := range admitted {
				total += n
			}
			if total != limit {
				t.Errorf("admitted %d (%s), want %d", total, fmt.Sprint(admitted), limit)
			}
		})
	}
}
