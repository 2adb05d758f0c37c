package tieredlimit

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kongtest"
)

func TestADryRunRejectsNothingAndTellsWhatItWould(t *testing.T) {
	kongHeaders := map[string][]string{
		"X-RateLimit-Limit-Second": {"20"}, "X-RateLimit-Remaining-Second": {"0"},
		"X-RateLimit-Limit-Day": {"500"}, "X-RateLimit-Remaining-Day": {"0"},
		"RateLimit-Limit": {"500"}, "RateLimit-Remaining": {"0"}, "RateLimit-Reset": {"3600"},
	}
	tests := map[string]struct {
		options              string
		count                *stubCounter
		kong                 kongtest.Kong
		mark                 string
		headers              map[string][]string
		member               map[string]any
		tier, outcome, store string
	}{
		"an admitted request": {
			options: `{"headers": "none"}`, count: admitting(), kong: kongtest.Kong{Consumer: consumer()},
			mark: "admitted", tier: "free", outcome: "admitted", store: "redis",
		},
		"violated limits": {
			options: `{}`, count: &stubCounter{outcome: Outcome{DayEnds: time.Hour}, from: FromRedis}, kong: kongtest.Kong{Consumer: consumer()},
			mark: "rejected; tps, daily", headers: kongHeaders, tier: "free", outcome: "would_reject", store: "redis",
			member: map[string]any{
				"tier": "free", "decision": "rejected", "limit": 20.0, "remaining": 0.0, "quota_remaining": 0.0, "store": "redis", "dry_run": true,
			},
		},
		"one violated limit": {
			options: `{"headers": "none", "log_decision": "none"}`, count: &stubCounter{outcome: Outcome{DayLeft: 3}, from: FromRedis},
			kong: kongtest.Kong{Consumer: consumer()}, mark: "rejected; tps", tier: "free", outcome: "would_reject", store: "redis",
		},
		"a store that does not answer": {
			options: `{"on_redis_error": "deny"}`, count: &stubCounter{err: errors.New("down")}, kong: kongtest.Kong{Consumer: consumer()},
			mark: "rejected; redis", tier: "free", outcome: "would_reject", store: "error",
			member: map[string]any{"tier": "free", "decision": "rejected", "store": "error", "dry_run": true},
		},
		"nobody to count for": {
			options: `{"on_no_consumer": "reject"}`, count: admitting(),
			mark: "rejected; no-consumer", outcome: "would_reject", store: "anonymous",
			member: map[string]any{"decision": "rejected", "store": "anonymous", "dry_run": true},
		},
		"a request that is skipped": {
			options: `{"on_no_consumer": "skip", "log_decision": "all"}`, count: admitting(),
			mark: "admitted", outcome: "skipped", store: "anonymous",
			member: map[string]any{"decision": "skipped", "store": "anonymous", "dry_run": true},
		},
		"a tier without limits": {
			options: `{"tier": "internal"}`, count: admitting(), kong: kongtest.Kong{Consumer: consumer()},
			mark: "admitted", tier: "internal", outcome: "admitted", store: "tier",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := handlerWith(t, string(overlay(t, test.options, `{"dry_run": true}`)), test.count)
			got := test.kong.Run(t, h)
			if got.Exit != nil {
				t.Fatalf("answered %+v", got.Exit)
			}
			if diff := cmp.Diff(map[string][]string{"X-Tollgate-Dry-Run": {test.mark}}, got.UpstreamHeaders); diff != "" {
				t.Errorf("upstream headers (-want +got):\n%s", diff)
			}
			if test.headers == nil {
				test.headers = map[string][]string{}
			}
			if diff := cmp.Diff(test.headers, got.ResponseHeaders); diff != "" {
				t.Errorf("response headers (-want +got):\n%s", diff)
			}
			if member, _ := got.LogMembers[logMember].(map[string]any); !cmp.Equal(test.member, member) {
				t.Errorf("log member (-want +got):\n%s", cmp.Diff(test.member, member))
			}
			wantDecision(t, h, test.tier, test.outcome, test.store)
		})
	}
}

// What Kong cannot tell is no reason to reject either.
func TestADryRunLetsPassWhatItCannotJudge(t *testing.T) {
	h := handlerWith(t, `{"dry_run": true, "tier_claim": "plan"}`, admitting())
	k := kongtest.Kong{Consumer: consumer(), Garble: map[string]bool{getClaims: true}}
	got := k.Run(t, h)
	if got.Exit != nil || !cmp.Equal(got.UpstreamHeaders, map[string][]string{"X-Tollgate-Dry-Run": {"rejected; error"}}) {
		t.Errorf("answered %+v, told the upstream %v", got.Exit, got.UpstreamHeaders)
	}
	if len(got.Logs) != 1 || got.Logs[0].Level != "err" {
		t.Errorf("logs %v, want one error", got.Logs)
	}
}
