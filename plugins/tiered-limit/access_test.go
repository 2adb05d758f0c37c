package tieredlimit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
)

// recordingStore answers with one outcome and notes what it was asked.
type recordingStore struct {
	outcome Outcome
	err     error
	asked   []string
}

func (s *recordingStore) Take(_ context.Context, key string, l Limits) (Outcome, error) {
	s.asked = append(s.asked, fmt.Sprint(key, " ", l))
	return s.outcome, s.err
}

// handlerOn returns a handler with three tiers on a store.
func handlerOn(s Store, failOpen bool) *handler {
	tps, quota := int64(20), int64(500)
	return &handler{
		tiers: newLadder(Config{
			Tiers:       []Tier{{Name: "free", TPS: &tps, DailyQuota: &quota}, {Name: "gold", DailyQuota: &quota}, {Name: "internal"}},
			DefaultTier: "free", TierTagPrefix: "tier:",
		}),
		limiter: limiter{store: s, failOpen: failOpen},
		metrics: newMetrics(nil),
		release: func() {},
	}
}

func consumer(tags ...string) *kongtest.Consumer {
	return &kongtest.Consumer{ID: "c1", Username: "ann", Tags: tags}
}

func TestWhoseLimitARequestCountsFor(t *testing.T) {
	tests := map[string]struct {
		kong  kongtest.Kong
		asked []string
		calls []string
	}{
		"a consumer in the default tier": {
			kongtest.Kong{Consumer: consumer("team:x"), ForwardedIP: "192.0.2.1"},
			[]string{"consumer:c1 {20 0 500}"},
			[]string{"kong.client.get_consumer", "kong.response.set_headers"},
		},
		"a consumer whose tag names a tier": {
			kongtest.Kong{Consumer: consumer("tier:gold")},
			[]string{"consumer:c1 {0 0 500}"},
			[]string{"kong.client.get_consumer", "kong.response.set_headers"},
		},
		"nobody counts for the client's address": {
			kongtest.Kong{ForwardedIP: "192.0.2.1", PeerIP: "10.0.0.1"},
			[]string{"ip:192.0.2.1 {20 0 500}"},
			[]string{"kong.client.get_consumer", "kong.client.get_forwarded_ip", "kong.response.set_headers"},
		},
		"a consumer without limits is not counted at all": {
			kongtest.Kong{Consumer: consumer("tier:internal")}, nil, []string{"kong.client.get_consumer"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &recordingStore{outcome: Outcome{Admitted: true, RateLeft: 1, DayLeft: 1}}
			h := handlerOn(s, true)
			got := test.kong.Run(t, h)
			if got.Exit != nil {
				t.Errorf("answered %+v, want the request to pass", got.Exit)
			}
			if diff := cmp.Diff(test.asked, s.asked); diff != "" {
				t.Errorf("asked of the store (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.calls, got.Calls); diff != "" {
				t.Errorf("PDK calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAdmittedRequestCarriesHeaders(t *testing.T) {
	h := handlerOn(&recordingStore{outcome: Outcome{Admitted: true, RateLeft: 19, DayLeft: 499, DayEnds: time.Hour}}, true)
	got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
	want := map[string][]string{
		"X-RateLimit-Limit-Second": {"20"}, "X-RateLimit-Remaining-Second": {"19"},
		"X-RateLimit-Limit-Day": {"500"}, "X-RateLimit-Remaining-Day": {"499"},
		"RateLimit-Limit": {"20"}, "RateLimit-Remaining": {"19"}, "RateLimit-Reset": {"1"},
	}
	if diff := cmp.Diff(want, got.ResponseHeaders); diff != "" {
		t.Errorf("response headers (-want +got):\n%s", diff)
	}
	if len(got.LogMembers) > 0 || len(got.Logs) > 0 {
		t.Errorf("logged %v, %v; want nothing", got.LogMembers, got.Logs)
	}
	wantDecision(t, h, "admitted", "redis")
}

func TestARejectedRequestIsAnsweredAndLogged(t *testing.T) {
	h := handlerOn(&recordingStore{outcome: Outcome{RateWait: 40 * ms, DayLeft: 7, DayEnds: time.Hour}}, true)
	got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
	if got.Exit == nil || got.Exit.Status != http.StatusTooManyRequests {
		t.Fatalf("answered %+v, want 429", got.Exit)
	}
	wantHeaders := map[string][]string{
		"Content-Type": {"application/problem+json"}, "Retry-After": {"1"},
		"X-RateLimit-Limit-Second": {"20"}, "X-RateLimit-Remaining-Second": {"0"},
		"X-RateLimit-Limit-Day": {"500"}, "X-RateLimit-Remaining-Day": {"7"},
		"RateLimit-Limit": {"20"}, "RateLimit-Remaining": {"0"}, "RateLimit-Reset": {"1"},
	}
	if diff := cmp.Diff(wantHeaders, got.Exit.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	var body map[string]any
	if err := json.Unmarshal(got.Exit.Body, &body); err != nil {
		t.Fatal(err)
	}
	if body["request_id"] != kongtest.RequestID || !cmp.Equal(body["violated-policies"], []any{"tps"}) {
		t.Errorf("body %v lacks the request id or the policy", body)
	}
	wantMember := map[string]any{logMember: map[string]any{
		"tier": "free", "decision": "rejected", "limit": 20.0, "remaining": 0.0, "quota_remaining": 7.0, "store": "redis",
	}}
	if diff := cmp.Diff(wantMember, got.LogMembers); diff != "" {
		t.Errorf("log members (-want +got):\n%s", diff)
	}
	wantDecision(t, h, "rejected", "redis")
}

func TestAStoreThatFails(t *testing.T) {
	t.Run("admits without headers where errors allow", func(t *testing.T) {
		h := handlerOn(&recordingStore{err: errors.New("down")}, true)
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got.Exit != nil || len(got.ResponseHeaders) > 0 {
			t.Errorf("answered %+v with %v, want the request to pass", got.Exit, got.ResponseHeaders)
		}
		wantDecision(t, h, "admitted", "error")
	})
	t.Run("answers 503 where errors deny", func(t *testing.T) {
		h := handlerOn(&recordingStore{err: errors.New("down")}, false)
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got.Exit == nil || got.Exit.Status != http.StatusServiceUnavailable || !cmp.Equal(got.Exit.Headers["Retry-After"], []string{"1"}) {
			t.Errorf("answered %+v, want 503 with Retry-After 1", got.Exit)
		}
		want := map[string]any{logMember: map[string]any{"tier": "free", "decision": "rejected", "store": "error"}}
		if diff := cmp.Diff(want, got.LogMembers); diff != "" {
			t.Errorf("log members (-want +got):\n%s", diff)
		}
		wantDecision(t, h, "rejected", "error")
	})
}

func TestAnUnknownTierIsLoggedOnce(t *testing.T) {
	h := handlerOn(&recordingStore{outcome: Outcome{Admitted: true}}, true)
	for i, want := range []int{1, 0} {
		got := (&kongtest.Kong{Consumer: consumer("tier:platinum")}).Run(t, h)
		if len(got.Logs) != want {
			t.Errorf("request %d: logs %v, want %d", i+1, got.Logs, want)
		}
		for _, l := range got.Logs {
			if l.Level != "warn" || !strings.Contains(l.Text, `"platinum"`) {
				t.Errorf("logged %+v", l)
			}
		}
	}
}

func TestARequestWhoseConsumerIsUnknownIsNotCounted(t *testing.T) {
	for _, method := range []string{"kong.client.get_consumer", "kong.client.get_forwarded_ip"} {
		s := &recordingStore{outcome: Outcome{Admitted: true}}
		h := handlerOn(s, true)
		got := (&kongtest.Kong{Abort: map[string]bool{method: true}}).Run(t, h)
		if !got.Aborted || len(s.asked) > 0 {
			t.Errorf("%s fails: aborted %v, asked %v", method, got.Aborted, s.asked)
		}
	}
}

// wantDecision checks that one decision was counted, in the tier free.
func wantDecision(t *testing.T, h *handler, outcome, store string) {
	t.Helper()
	if got := testutil.ToFloat64(h.metrics.decisions.WithLabelValues("free", outcome, store)); got != 1 {
		t.Errorf("%v decisions %s by %s, want 1", got, outcome, store)
	}
	if n := testutil.CollectAndCount(h.metrics.decisions); n != 1 {
		t.Errorf("%d kinds of decisions counted, want 1", n)
	}
}
