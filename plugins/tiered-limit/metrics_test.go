package tieredlimit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestADecisionIsCountedByItsLimits(t *testing.T) {
	m := newMetrics(nil)
	over := Window{Limit: 5, RetryAfter: 1}
	for _, row := range []struct {
		decision Decision
		dryRun   bool
	}{
		{Decision{Tier: "gold", Verdict: Admitted, Store: FromRedis, Second: Window{Limit: 5, Remaining: 4}}, false},
		{Decision{Tier: "gold", Verdict: Rejected, Store: FromRedis, Second: over, Day: Window{Limit: 9, Remaining: 3}}, false},
		{Decision{Tier: "gold", Verdict: Rejected, Store: FromMemory, Day: over}, false},
		{Decision{Tier: "gold", Verdict: Rejected, Store: FromLocal, Second: over, Day: over}, true},
		{Decision{Tier: "gold", Verdict: Rejected, Store: FromError}, false},
	} {
		m.decided(row.decision, row.dryRun)
	}
	compare(t, m.exceeded, `
# HELP tollgate_tiered_limit_exceeded_total Requests that a limit rejected, or would have in a dry run, by tier and limit (tps, daily); one that exceeds both counts for both.
# TYPE tollgate_tiered_limit_exceeded_total counter
tollgate_tiered_limit_exceeded_total{limit="daily",tier="gold"} 2
tollgate_tiered_limit_exceeded_total{limit="tps",tier="gold"} 2
`)
	for _, series := range [][]string{
		{"gold", "admitted", "redis"}, {"gold", "rejected", "redis"}, {"gold", "rejected", "memory"},
		{"gold", "would_reject", "local"}, {"gold", "rejected", "error"},
	} {
		if n := testutil.ToFloat64(m.decisions.WithLabelValues(series...)); n != 1 {
			t.Errorf("%v decisions %v, want 1", n, series)
		}
	}
}

func compare(t *testing.T, c prometheus.Collector, want string) {
	t.Helper()
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestAWarningTellsWhatWasLeftOfTheDay(t *testing.T) {
	m := newMetrics(nil)
	for _, left := range []int64{1800, 5 * 3600, 23 * 3600} {
		m.warned("gold", warning{percent: 80}, Window{Limit: 5, ResetSeconds: left})
	}
	compare(t, m.dayLeft, `
# HELP tollgate_tiered_limit_quota_left_seconds Time that was left of the day when a share of a daily quota was used up, by tier and percent; each once a day. 80 percent with 12 hours left is a consumer that needs 1.6 times its quota.
# TYPE tollgate_tiered_limit_quota_left_seconds histogram
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="3600"} 1
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="7200"} 1
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="14400"} 1
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="21600"} 2
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="28800"} 2
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="43200"} 2
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="57600"} 2
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="72000"} 2
tollgate_tiered_limit_quota_left_seconds_bucket{percent="80",tier="gold",le="+Inf"} 3
tollgate_tiered_limit_quota_left_seconds_sum{percent="80",tier="gold"} 102600
tollgate_tiered_limit_quota_left_seconds_count{percent="80",tier="gold"} 3
`)
}

// A counter that is not there before its first event hides that event: the change from nothing to 1 is none.
func TestWhatATierCanExceedIsThereFromTheStart(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry)
	h := handlerWith(t, `{}`, admitting()) // free has both limits, gold a quota, internal none
	m.expect(h.tiers.rungs)
	for name, want := range map[string]int{
		"tollgate_tiered_limit_decisions_total":      10, // five of each tier that has a limit
		"tollgate_tiered_limit_exceeded_total":       3,
		"tollgate_tiered_limit_quota_warnings_total": 4,
		"tollgate_tiered_limit_quota_left_seconds":   4,
		"tollgate_tiered_limit_debts_total":          7,
		"tollgate_tiered_limit_store_seconds":        2,
	} {
		if n, err := testutil.GatherAndCount(registry, name); n != want || err != nil {
			t.Errorf("%d series of %s, want %d: %v", n, name, want, err)
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestCallsToRedisAreTimedByTheirResult(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry)
	m.asked(time.Millisecond, nil)
	m.asked(time.Millisecond, nil)
	m.asked(time.Second, errors.New("away"))
	want := map[string]uint64{"ok": 2, "error": 1}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "tollgate_tiered_limit_store_seconds" {
			continue
		}
		for _, series := range family.GetMetric() {
			result := series.GetLabel()[0].GetValue()
			if n := series.GetHistogram().GetSampleCount(); n != want[result] {
				t.Errorf("%d calls with the result %s, want %d", n, result, want[result])
			}
			delete(want, result)
		}
	}
	if len(want) > 0 {
		t.Errorf("no calls with the results %v", want)
	}
}

// BenchmarkMetrics is what the metrics add to one request that Redis admits.
func BenchmarkMetrics(b *testing.B) {
	m := newMetrics(prometheus.NewRegistry())
	admitted := Decision{Tier: "gold", Verdict: Admitted, Store: FromRedis}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.asked(time.Millisecond, nil)
			m.decided(admitted, false)
		}
	})
}
