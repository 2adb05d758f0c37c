package tieredlimit

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
)

func TestWhichRequestReachesAShareOfTheQuota(t *testing.T) {
	tests := map[string]struct {
		percents []int
		quota    int64
		want     []warning
	}{
		"whole numbers": {[]int{80, 95}, 1000, []warning{{80, 800}, {95, 950}}},
		"rounded up: a share is used, not nearly": {[]int{80, 95}, 7, []warning{{80, 6}, {95, 7}}},
		"a quota of one":         {[]int{80, 95}, 1, []warning{{80, 1}, {95, 1}}},
		"the greatest quota":     {[]int{1, 99}, 1e12, []warning{{1, 1e10}, {99, 99e10}}},
		"in any order and twice": {[]int{95, 80, 95}, 100, []warning{{80, 80}, {95, 95}}},
		"none":                   {nil, 100, nil},
		"no quota":               {[]int{80}, 0, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newWarnings(test.percents, test.quota); !cmp.Equal(test.want, got, cmp.AllowUnexported(warning{})) {
				t.Errorf("warnings %v, want %v", got, test.want)
			}
		})
	}
}

func TestOnlyTheRequestThatReachesAShareIsDue(t *testing.T) {
	w := warning{percent: 80, used: 80}
	tests := map[string]struct {
		decision Decision
		want     bool
	}{
		"reached":                        {Decision{Verdict: Admitted, Day: Window{Limit: 100, Remaining: 20}}, true},
		"not yet":                        {Decision{Verdict: Admitted, Day: Window{Limit: 100, Remaining: 21}}, false},
		"before":                         {Decision{Verdict: Admitted, Day: Window{Limit: 100, Remaining: 19}}, false},
		"rejected by the rate meanwhile": {Decision{Verdict: Rejected, Day: Window{Limit: 100, Remaining: 20}}, false},
		"reached after a grant":          {decided(tier{limits: Limits{Quota: 100}}, Outcome{Admitted: 1, DayLeft: 70, Granted: 50}, FromRedis), true},
		"granted as much as was used":    {decided(tier{limits: Limits{Quota: 100}}, Outcome{Admitted: 1, DayLeft: 20, Granted: 50}, FromRedis), false},
		"not counted":                    {Decision{Verdict: Admitted, Store: FromError}, false},
		"reached by this gateway's part": {Decision{Verdict: Admitted, Store: FromLocal, Day: Window{Limit: 100, Remaining: 20}}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := w.due(test.decision); got != test.want {
				t.Errorf("due %v, want %v", got, test.want)
			}
		})
	}
}

// dayCounter admits a day's quota, whoever asks.
type dayCounter struct {
	mu   sync.Mutex
	left int64
}

func (d *dayCounter) Count(context.Context, string, tier) (Outcome, Source, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return Outcome{DayEnds: time.Hour}, FromRedis, nil
	}
	d.left--
	return Outcome{Admitted: 1, DayLeft: d.left, DayEnds: time.Hour}, FromRedis, nil
}

func TestOverAllGatewaysAWarningComesOnceADay(t *testing.T) {
	const quota = 500
	day := &dayCounter{}
	gateways := []*handler{handlerWith(t, `{"tier": "gold"}`, day), handlerWith(t, `{"tier": "gold", "dry_run": true}`, day)}
	for today := 1; today <= 2; today++ {
		day.left = quota
		logs := serve(t, gateways, quota+100)
		for _, want := range []string{"used 80 % of its day: 400 of 500 requests", "used 95 % of its day: 475 of 500 requests"} {
			if n := strings.Count(logs, want); n != 1 {
				t.Errorf("day %d: %d times %q in:\n%s", today, n, want, logs)
			}
		}
		for _, percent := range []string{"80", "95"} {
			sum := 0.0
			for _, h := range gateways {
				sum += testutil.ToFloat64(h.metrics.warnings.WithLabelValues("gold", percent))
			}
			if sum != float64(today) {
				t.Errorf("day %d: %v warnings of %s %% counted", today, sum, percent)
			}
		}
	}
}

// serve sends n requests through the gateways at once, and returns what they logged.
func serve(t *testing.T, gateways []*handler, n int) string {
	var all strings.Builder
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			for range n / 10 {
				got := (&kongtest.Kong{Consumer: consumer()}).Run(t, gateways[i%len(gateways)])
				mu.Lock()
				for _, l := range got.Logs {
					all.WriteString(l.Level + " " + l.Text + "\n")
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all.String()
}

func TestAWarningSaysWho(t *testing.T) {
	tests := map[string]struct {
		options string
		kong    kongtest.Kong
		want    string
	}{
		"a consumer by name": {`{"quota_warn_percent": [50]}`, kongtest.Kong{Consumer: consumer("tier:gold")},
			`tiered-limit: "default:consumer:c1" (consumer "ann") has used 50 % of its day: 250 of 500 requests, tier gold`},
		"an address without one": {`{"quota_warn_percent": [50], "tier": "gold", "limit_by": "ip"}`, kongtest.Kong{ForwardedIP: "192.0.2.1"},
			`tiered-limit: "default:ip:192.0.2.1" has used 50 % of its day: 250 of 500 requests, tier gold`},
		"a credential that a token names": {`{"quota_warn_percent": [50], "tier": "gold", "limit_by": "credential"}`, kongtest.Kong{CredentialID: "a\nb" + strings.Repeat("c", 200)},
			`tiered-limit: "default:credential:a\nb` + strings.Repeat("c", 128-len("default:credential:a\nb")) + `" has used 50 % of its day: 250 of 500 requests, tier gold`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			count := &stubCounter{outcome: Outcome{Admitted: 1, RateLeft: 1, DayLeft: 250}, from: FromRedis}
			got := test.kong.Run(t, handlerWith(t, test.options, count))
			if diff := cmp.Diff([]kongtest.Log{{Level: "warn", Text: test.want}}, got.Logs); diff != "" {
				t.Errorf("logs (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("and none where the list is empty", func(t *testing.T) {
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, handlerWith(t, `{"quota_warn_percent": []}`, &stubCounter{outcome: Outcome{Admitted: 1, DayLeft: 100}}))
		if len(got.Logs) > 0 {
			t.Errorf("logs %v", got.Logs)
		}
	})
}
