package tieredlimit

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kong"
)

// storeFunc is a store that is one function.
type storeFunc func(ctx context.Context, key string, l Limits) (Outcome, error)

func (f storeFunc) Take(ctx context.Context, key string, l Limits) (Outcome, error) {
	return f(ctx, key, l)
}

func TestWhatAnOutcomeTellsTheClient(t *testing.T) {
	both := Limits{TPS: 20, Quota: 50000}
	tests := map[string]struct {
		limits     Limits
		outcome    Outcome
		want       map[string]string
		retryAfter int64
		violated   []string
	}{
		"a rate has its own headers, and resets within a second": {
			limits: Limits{TPS: 20}, outcome: Outcome{Admitted: true, RateLeft: 19, DayEnds: time.Hour},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "19",
				"RateLimit-Limit": "20", "RateLimit-Remaining": "19", "RateLimit-Reset": "1",
			},
		},
		"a quota has its own headers, and resets at the day's end": {
			limits: Limits{Quota: 500}, outcome: Outcome{Admitted: true, DayLeft: 400, DayEnds: time.Hour + ms},
			want: map[string]string{
				"X-RateLimit-Limit-Day": "500", "X-RateLimit-Remaining-Day": "400",
				"RateLimit-Limit": "500", "RateLimit-Remaining": "400", "RateLimit-Reset": "3601",
			},
		},
		"of both the one with less remaining is told": {
			limits: both, outcome: Outcome{Admitted: true, RateLeft: 12, DayLeft: 11, DayEnds: time.Minute},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "12",
				"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "11",
				"RateLimit-Limit": "50000", "RateLimit-Remaining": "11", "RateLimit-Reset": "60",
			},
		},
		"of equals the longer window is told": {
			limits: both, outcome: Outcome{Admitted: true, RateLeft: 7, DayLeft: 7, DayEnds: time.Minute},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "7",
				"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "7",
				"RateLimit-Limit": "50000", "RateLimit-Remaining": "7", "RateLimit-Reset": "60",
			},
		},
		"no more than the rate remains of a larger bucket": {
			limits: Limits{TPS: 10, Burst: 100}, outcome: Outcome{Admitted: true, RateLeft: 99},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "10", "X-RateLimit-Remaining-Second": "10",
				"RateLimit-Limit": "10", "RateLimit-Remaining": "10", "RateLimit-Reset": "1",
			},
		},
		"an exceeded rate is waited for at least a second": {
			limits: both, outcome: Outcome{RateWait: 30 * ms, DayLeft: 5, DayEnds: time.Hour},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "0",
				"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "5",
				"RateLimit-Limit": "20", "RateLimit-Remaining": "0", "RateLimit-Reset": "1",
			},
			retryAfter: 1, violated: []string{"tps"},
		},
		"an exhausted quota is waited for until the day ends": {
			limits: both, outcome: Outcome{RateLeft: 3, DayEnds: time.Hour},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "3",
				"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "0",
				"RateLimit-Limit": "50000", "RateLimit-Remaining": "0", "RateLimit-Reset": "3600",
			},
			retryAfter: 3600, violated: []string{"daily"},
		},
		"of two violated limits the longer wait counts": {
			limits: both, outcome: Outcome{RateWait: time.Second, DayEnds: time.Hour},
			want: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "0",
				"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "0",
				"RateLimit-Limit": "50000", "RateLimit-Remaining": "0", "RateLimit-Reset": "3600",
			},
			retryAfter: 3600, violated: []string{"tps", "daily"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := decided(tier{name: "free", limits: test.limits}, test.outcome)
			if d.Tier != "free" || d.Admit != test.outcome.Admitted || d.Store != FromRedis {
				t.Errorf("decision %+v", d)
			}
			if diff := cmp.Diff(test.want, byName(d.headers())); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if got := d.retryAfter(); got != test.retryAfter {
				t.Errorf("retry after %d s, want %d", got, test.retryAfter)
			}
			if diff := cmp.Diff(test.violated, d.violated()); diff != "" {
				t.Errorf("violated (-want +got):\n%s", diff)
			}
		})
	}
}

func byName(headers []kong.Header) map[string]string {
	out := map[string]string{}
	for _, h := range headers {
		out[h.Name] = h.Value
	}
	return out
}

func TestAStoreThatFailsLeavesItToTheConfiguration(t *testing.T) {
	failing := storeFunc(func(context.Context, string, Limits) (Outcome, error) { return Outcome{}, errors.New("down") })
	for _, open := range []bool{true, false} {
		got := limiter{store: failing, failOpen: open}.decide(t.Context(), "consumer:1", tier{name: "free", limits: Limits{TPS: 1}})
		want := Decision{Tier: "free", Admit: open, Store: FromError}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("failing open %v (-want +got):\n%s", open, diff)
		}
		if h := got.headers(); h != nil {
			t.Errorf("headers %v, want none where nothing is known", h)
		}
	}
}

func TestRejections(t *testing.T) {
	tests := map[string]struct {
		decision Decision
		body     map[string]any
		headers  map[string]string
	}{
		"a violated limit": {
			decision: Decision{Tier: "free", Store: FromRedis, Second: Window{Limit: 20, ResetSeconds: 1, RetryAfter: 1}},
			body: map[string]any{
				"type":   "https://iana.org/assignments/http-problem-types#quota-exceeded",
				"title":  "Request cannot be satisfied as assigned quota has been exceeded",
				"status": 429.0, "violated-policies": []any{"tps"},
			},
			headers: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "0",
				"RateLimit-Limit": "20", "RateLimit-Remaining": "0", "RateLimit-Reset": "1", "Retry-After": "1",
			},
		},
		"a store that does not answer": {
			decision: Decision{Tier: "free", Store: FromError},
			body: map[string]any{
				"type": "about:blank", "title": "Service Unavailable", "status": 503.0,
				"detail": "The request could not be counted. Try again shortly.",
			},
			headers: map[string]string{"Retry-After": "1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, headers := test.decision.rejection()
			var body map[string]any
			if err := json.Unmarshal(p.JSON(), &body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.body, body); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.headers, byName(headers)); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}
