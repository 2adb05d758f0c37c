package tieredlimit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// storeFunc is a store that is one function.
type storeFunc func(ctx context.Context, key string, l Limits, n int64) (Outcome, error)

func (f storeFunc) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	return f(ctx, key, l, n)
}

func TestWhatAnOutcomeDecides(t *testing.T) {
	both := Limits{TPS: 20, Quota: 50000}
	tests := map[string]struct {
		limits     Limits
		outcome    Outcome
		want       Decision
		retryAfter int64
		violated   []string
	}{
		"an admitted request waits for nothing, even if it was the last": {
			limits: both, outcome: Outcome{Admitted: 1, RateWait: 50 * ms, DayEnds: time.Hour + ms},
			want: Decision{
				Verdict: Admitted,
				Second:  Window{Limit: 20, ResetSeconds: 1}, Day: Window{Limit: 50000, ResetSeconds: 3601},
			},
			retryAfter: 1,
		},
		"a rate without a quota": {
			limits: Limits{TPS: 20}, outcome: Outcome{Admitted: 1, RateLeft: 19},
			want: Decision{Verdict: Admitted, Second: Window{Limit: 20, Remaining: 19, ResetSeconds: 1}}, retryAfter: 1,
		},
		"a quota without a rate": {
			limits: Limits{Quota: 500}, outcome: Outcome{DayEnds: time.Minute},
			want:       Decision{Verdict: Rejected, Day: Window{Limit: 500, ResetSeconds: 60, RetryAfter: 60}},
			retryAfter: 60, violated: []string{"daily"},
		},
		"no more than the rate remains of a larger bucket": {
			limits: Limits{TPS: 10, Burst: 100}, outcome: Outcome{Admitted: 1, RateLeft: 99},
			want: Decision{Verdict: Admitted, Second: Window{Limit: 10, Remaining: 10, ResetSeconds: 1}}, retryAfter: 1,
		},
		"an exceeded rate is waited for at least a second": {
			limits: both, outcome: Outcome{RateWait: 30 * ms, DayLeft: 5, DayEnds: time.Hour},
			want: Decision{
				Verdict: Rejected,
				Second:  Window{Limit: 20, ResetSeconds: 1, RetryAfter: 1}, Day: Window{Limit: 50000, Remaining: 5, ResetSeconds: 3600},
			},
			retryAfter: 1, violated: []string{"tps"},
		},
		"an exhausted quota is waited for until the day ends": {
			limits: both, outcome: Outcome{RateLeft: 3, DayEnds: time.Hour},
			want: Decision{
				Verdict: Rejected,
				Second:  Window{Limit: 20, Remaining: 3, ResetSeconds: 1}, Day: Window{Limit: 50000, ResetSeconds: 3600, RetryAfter: 3600},
			},
			retryAfter: 3600, violated: []string{"daily"},
		},
		"of two violated limits the longer wait counts": {
			limits: both, outcome: Outcome{RateWait: time.Second, DayEnds: time.Hour},
			want: Decision{
				Verdict: Rejected,
				Second:  Window{Limit: 20, ResetSeconds: 1, RetryAfter: 1}, Day: Window{Limit: 50000, ResetSeconds: 3600, RetryAfter: 3600},
			},
			retryAfter: 3600, violated: []string{"tps", "daily"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := decided(tier{name: "free", limits: test.limits}, test.outcome, FromMemory)
			test.want.Tier, test.want.Store = "free", FromMemory
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if after := got.retryAfter(); after != test.retryAfter {
				t.Errorf("retry after %d s, want %d", after, test.retryAfter)
			}
			if test.violated == nil {
				test.violated = []string{}
			}
			if diff := cmp.Diff(test.violated, got.violated()); diff != "" {
				t.Errorf("violated (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACounterThatFailsLeavesItToTheConfiguration(t *testing.T) {
	for onError, want := range map[string]Verdict{onErrorAllow: Admitted, onErrorDeny: Rejected} {
		l := limiter{counter: &stubCounter{err: errors.New("down")}, onError: onError}
		got := l.decide(t.Context(), "consumer:1", tier{name: "free", limits: Limits{TPS: 1}})
		if diff := cmp.Diff(Decision{Tier: "free", Verdict: want, Store: FromError}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", onError, diff)
		}
	}
}

// Nobody is sent away for the day because one gateway's part of it is used up.
func TestAPartThatIsUsedUpIsNotWaitedForUntilTheDayEnds(t *testing.T) {
	now := noon
	l := localAt(&now, 10)
	l.learn("known", daily(t, 1000), Outcome{DayLeft: 0, DayEnds: 12 * time.Hour}, 0)
	without := limiter{counter: &stubCounter{err: errors.New("down")}, onError: onErrorLocal, local: l}
	for _, row := range []struct {
		key                string
		requests           int
		verdict            Verdict
		remaining, waiting int64
	}{
		{"new", 100, Admitted, 0, 1},
		{"new", 1, Rejected, 0, unavailableRetry},
		{"known", 1, Rejected, 0, 12 * 3600},
	} {
		var got Decision
		for range row.requests {
			got = without.decide(t.Context(), row.key, free(daily(t, 1000)))
		}
		if got.Verdict != row.verdict || got.retryAfter() != row.waiting || got.Day.Remaining != row.remaining {
			t.Errorf("after %d requests of %s: %+v; want them to wait %d s", row.requests, row.key, got, row.waiting)
		}
	}
}
