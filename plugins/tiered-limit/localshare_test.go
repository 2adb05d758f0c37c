package tieredlimit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told is what Redis says of a day before a step.
type told struct{ left, granted int64 }

// part is some requests to one node, and what the last of them gets.
type part struct {
	at       time.Duration // since noon
	told     *told
	limits   Limits
	nodes    int64
	requests int // zero means one
	admitted int
	last     Outcome // without Admitted and DayEnds
}

func TestANodeAdmitsItsPart(t *testing.T) {
	quota := func(n int64) Limits { return Limits{Quota: n, Days: daysOf(t, "UTC")} }
	tests := map[string][]part{
		"of a rate, in any rolling second": {
			{limits: Limits{TPS: 10}, nodes: 3, requests: 5, admitted: 3, last: Outcome{RateWait: time.Second}},
			{at: 999 * ms, limits: Limits{TPS: 10}, nodes: 3, last: Outcome{RateWait: ms}},
			{at: time.Second, limits: Limits{TPS: 10}, nodes: 3, requests: 2, admitted: 2, last: Outcome{RateLeft: 1}},
		},
		"of a rate that is smaller than the nodes, one": {
			{limits: Limits{TPS: 2}, nodes: 3, requests: 5, admitted: 1, last: Outcome{RateWait: time.Second}},
		},
		"of a bucket and its rate": {
			{limits: Limits{TPS: 20, Burst: 40}, nodes: 4, requests: 50, admitted: 10, last: Outcome{RateWait: 200 * ms}},
			{at: 400 * ms, limits: Limits{TPS: 20, Burst: 40}, nodes: 4, requests: 50, admitted: 2, last: Outcome{RateWait: 200 * ms}},
		},
		"of a day that it knows nothing of": {
			{limits: quota(100), nodes: 3, requests: 50, admitted: 33},
			{at: 11 * time.Hour, limits: quota(100), nodes: 3},
			{at: 12 * time.Hour, limits: quota(100), nodes: 3, requests: 50, admitted: 33},
		},
		"of what was left of the day": {
			{told: &told{left: 10}, limits: quota(100), nodes: 3, requests: 2, admitted: 2, last: Outcome{DayLeft: 1}},
			{limits: quota(100), nodes: 3, requests: 5, admitted: 1},
			{at: 12 * time.Hour, limits: quota(100), nodes: 3, requests: 50, admitted: 33},
		},
		"of what was left, one where that is less than the nodes": {
			{told: &told{left: 2}, limits: quota(100), nodes: 3, requests: 5, admitted: 1},
		},
		"of an exhausted day nothing": {
			{told: &told{left: 0}, limits: Limits{TPS: 9, Quota: 100, Days: daysOf(t, "UTC")}, nodes: 3, requests: 5, last: Outcome{RateLeft: 3}},
		},
		"of what was granted too": {
			{told: &told{left: 40, granted: 30}, limits: quota(20), nodes: 2, requests: 50, admitted: 20, last: Outcome{Granted: 30}},
		},
		"with what it has not told Redis yet": {
			{told: &told{left: 90}, limits: quota(100), nodes: 3, requests: 20, admitted: 20, last: Outcome{DayLeft: 10}},
			{told: &told{left: 60}, limits: quota(100), nodes: 3, requests: 20},
			{told: &told{left: 66}, limits: quota(100), nodes: 3, requests: 20, admitted: 2},
		},
		"under another tier what that leaves": {
			{told: &told{left: 30}, limits: quota(100), nodes: 3, requests: 5, admitted: 5, last: Outcome{DayLeft: 5}},
			{limits: quota(130), nodes: 3, requests: 50, admitted: 15},
			{limits: quota(40), nodes: 3, requests: 50},
			{limits: quota(70), nodes: 3, requests: 50},
		},
		"of a rejected request nothing of either limit": {
			{limits: Limits{TPS: 4, Quota: 10, Days: daysOf(t, "UTC")}, nodes: 2, requests: 50, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 3}},
			{at: time.Second, limits: Limits{TPS: 4, Quota: 10, Days: daysOf(t, "UTC")}, nodes: 2, requests: 50, admitted: 2, last: Outcome{RateWait: time.Second, DayLeft: 1}},
		},
		"when the nodes change, what it admitted before counts": {
			{limits: Limits{TPS: 12}, nodes: 2, requests: 50, admitted: 6, last: Outcome{RateWait: time.Second}},
			{at: 100 * ms, limits: Limits{TPS: 12}, nodes: 3, requests: 50, last: Outcome{RateWait: 900 * ms}},
			{at: 100 * ms, limits: Limits{TPS: 12}, nodes: 1, requests: 50, admitted: 6, last: Outcome{RateWait: 900 * ms}},
		},
	}
	for name, parts := range tests {
		t.Run(name, func(t *testing.T) {
			s := &share{}
			for i, p := range parts {
				takeParts(t, i+1, s, p)
			}
		})
	}
}

func takeParts(t *testing.T, step int, s *share, p part) {
	t.Helper()
	now := noon.Add(p.at)
	ends := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	if p.told != nil {
		s.learn(p.limits.Quota-p.told.left, p.told.granted, ends)
	}
	var got Outcome
	var admitted int64
	for range max(1, p.requests) {
		got = s.take(p.limits, now, p.nodes, 1).Outcome
		admitted += got.Admitted
	}
	want := p.last
	want.Admitted, got.Admitted = int64(p.admitted), admitted
	if p.limits.Quota > 0 {
		want.DayEnds = ends.Sub(now)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("step %d: outcome (-want +got):\n%s", step, diff)
	}
}
