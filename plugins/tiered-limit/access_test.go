package tieredlimit

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
)

// stubCounter answers with one outcome and notes what it was asked.
type stubCounter struct {
	outcome Outcome
	from    Source
	err     error
	asked   []string
}

func (s *stubCounter) Count(_ context.Context, key string, t tier) (Outcome, Source, error) {
	s.asked = append(s.asked, key+" in "+t.name)
	return s.outcome, s.from, s.err
}

// admitting admits every request.
func admitting() *stubCounter {
	return &stubCounter{outcome: Outcome{Admitted: 1, RateLeft: 19, DayLeft: 499, DayEnds: time.Hour}, from: FromRedis}
}

// threeTiers has a tier with both limits, one with a quota alone, and one without limits.
const threeTiers = `{"tiers": [{"name": "free", "tps": 20, "daily_quota": 500}, {"name": "gold", "daily_quota": 500}, {"name": "internal"}],
	"default_tier": "free", "redis": {"host": "h"}}`

// handlerWith returns a handler of the three tiers with some options, a JSON object, on a counter.
func handlerWith(t *testing.T, options string, count counter) *handler {
	t.Helper()
	c, err := plugin.Decode[Config](Schema(), overlay(t, threeTiers, options))
	if err != nil {
		t.Fatal(err)
	}
	tiers, err := newLadder(c, &calendars{})
	if err != nil {
		t.Fatal(err)
	}
	return newHandler(c, tiers, count, ownLocal(newMetrics(nil)), newMetrics(nil), func() {})
}

// overlay lays JSON objects above each other, member by member.
func overlay(t *testing.T, layers ...string) []byte {
	t.Helper()
	all := map[string]json.RawMessage{}
	for _, layer := range layers {
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(layer), &members); err != nil {
			t.Fatalf("%v in %s", err, layer)
		}
		maps.Copy(all, members)
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func consumer(tags ...string) *kongtest.Consumer {
	return &kongtest.Consumer{ID: "c1", Username: "ann", Tags: tags}
}

func TestAnAdmittedRequestCarriesHeaders(t *testing.T) {
	h := handlerWith(t, `{}`, admitting())
	got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
	want := map[string][]string{
		"X-RateLimit-Limit-Second": {"20"}, "X-RateLimit-Remaining-Second": {"19"},
		"X-RateLimit-Limit-Day": {"500"}, "X-RateLimit-Remaining-Day": {"499"},
		"RateLimit-Limit": {"20"}, "RateLimit-Remaining": {"19"}, "RateLimit-Reset": {"1"},
	}
	if diff := cmp.Diff(want, got.ResponseHeaders); diff != "" {
		t.Errorf("response headers (-want +got):\n%s", diff)
	}
	if got.Exit != nil || len(got.LogMembers) > 0 || len(got.Logs) > 0 || len(got.UpstreamHeaders) > 0 {
		t.Errorf("did %+v; want nothing beside headers", got)
	}
	wantDecision(t, h, "free", "admitted", "redis")
}

func TestARejectedRequestIsAnsweredAndLogged(t *testing.T) {
	h := handlerWith(t, `{}`, &stubCounter{outcome: Outcome{RateWait: 40 * ms, DayLeft: 7, DayEnds: time.Hour}, from: FromMemory})
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
	if body := bodyOf(t, got); body["request_id"] != kongtest.RequestID || !cmp.Equal(body["violated-policies"], []any{"tps"}) {
		t.Errorf("body %v lacks the request id or the policy", body)
	}
	wantMember := map[string]any{logMember: map[string]any{
		"tier": "free", "decision": "rejected", "limit": 20.0, "remaining": 0.0, "quota_remaining": 7.0, "store": "memory",
	}}
	if diff := cmp.Diff(wantMember, got.LogMembers); diff != "" {
		t.Errorf("log members (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kong.client.get_consumer", "kong.log.set_serialize_value", "kong.nginx.get_var", "kong.response.exit"}, got.Calls); diff != "" {
		t.Errorf("PDK calls (-want +got):\n%s", diff)
	}
	wantDecision(t, h, "free", "rejected", "memory")
}

func bodyOf(t *testing.T, o kongtest.Outcome) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(o.Exit.Body, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestACounterThatFails(t *testing.T) {
	down := &stubCounter{err: errors.New("down")}
	t.Run("admits without headers where errors allow", func(t *testing.T) {
		h := handlerWith(t, `{"headers": "both", "on_redis_error": "allow"}`, down)
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got.Exit != nil || len(got.ResponseHeaders) > 0 || len(got.Logs) > 0 {
			t.Errorf("did %+v, want the request to pass", got)
		}
		wantDecision(t, h, "free", "admitted", "error")
	})
	t.Run("admits this gateway's part, and tells it, where that is to be", func(t *testing.T) {
		h := handlerWith(t, `{"headers": "both", "log_decision": "all", "fallback_nodes": 20}`, down)
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got.Exit != nil || !cmp.Equal(got.ResponseHeaders["X-RateLimit-Limit-Second"], []string{"20"}) ||
			!cmp.Equal(got.ResponseHeaders["X-RateLimit-Remaining-Day"], []string{"24"}) {
			t.Errorf("did %+v, want the request to pass with its limit and what remains here", got)
		}
		want := map[string]any{logMember: map[string]any{
			"tier": "free", "decision": "admitted", "store": "local", "limit": 20.0, "remaining": 0.0, "quota_remaining": 24.0,
		}}
		if diff := cmp.Diff(want, got.LogMembers); diff != "" {
			t.Errorf("log members (-want +got):\n%s", diff)
		}
		wantDecision(t, h, "free", "admitted", "local")
		got = (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got.Exit == nil || got.Exit.Status != http.StatusTooManyRequests || !cmp.Equal(got.Exit.Headers["Retry-After"], []string{"1"}) {
			t.Errorf("answered %+v, want 429 with Retry-After", got.Exit)
		}
	})
	t.Run("answers 503 where errors deny", func(t *testing.T) {
		h := handlerWith(t, `{"on_redis_error": "deny"}`, down)
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, h)
		if got.Exit == nil || got.Exit.Status != http.StatusServiceUnavailable || !cmp.Equal(got.Exit.Headers["Retry-After"], []string{"1"}) {
			t.Errorf("answered %+v, want 503 with Retry-After 1", got.Exit)
		}
		want := map[string]any{logMember: map[string]any{"tier": "free", "decision": "rejected", "store": "error"}}
		if diff := cmp.Diff(want, got.LogMembers); diff != "" {
			t.Errorf("log members (-want +got):\n%s", diff)
		}
		wantDecision(t, h, "free", "rejected", "error")
	})
}

func TestWhichRequestsTheAccessLogTellsOf(t *testing.T) {
	tests := map[string]struct{ admitted, rejected bool }{
		`{}`:                           {false, true},
		`{"log_decision": "rejected"}`: {false, true},
		`{"log_decision": "all"}`:      {true, true},
		`{"log_decision": "none"}`:     {false, false},
	}
	for options, want := range tests {
		t.Run(options, func(t *testing.T) {
			got := (&kongtest.Kong{Consumer: consumer()}).Run(t, handlerWith(t, options, admitting()))
			if logged := len(got.LogMembers) == 1; logged != want.admitted {
				t.Errorf("admitted: members %v", got.LogMembers)
			}
			got = (&kongtest.Kong{Consumer: consumer()}).Run(t, handlerWith(t, options, &stubCounter{from: FromRedis}))
			if logged := len(got.LogMembers) == 1; logged != want.rejected {
				t.Errorf("rejected: members %v", got.LogMembers)
			}
		})
	}
	t.Run("an admitted one with the state of its limits", func(t *testing.T) {
		got := (&kongtest.Kong{Consumer: consumer()}).Run(t, handlerWith(t, `{"log_decision": "all"}`, admitting()))
		want := map[string]any{logMember: map[string]any{
			"tier": "free", "decision": "admitted", "limit": 20.0, "remaining": 19.0, "quota_remaining": 499.0, "store": "redis",
		}}
		if diff := cmp.Diff(want, got.LogMembers); diff != "" {
			t.Errorf("log members (-want +got):\n%s", diff)
		}
	})
}

func TestAnUnknownTierIsLoggedOnceWithWhatNamedIt(t *testing.T) {
	long := strings.Repeat("x", 200)
	h := handlerWith(t, `{"tier_claim": "plan"}`, admitting())
	request := &kongtest.Kong{
		Consumer: consumer("tier:platinum", "tier:gold"),
		Shared:   map[string]any{sharedClaims: map[string]any{"plan": []any{"evil\n\"name", long, "platinum"}}},
	}
	want := []kongtest.Log{
		{Level: "warn", Text: `tiered-limit: a consumer's tag names the tier "platinum", which is not in tiers`},
		{Level: "warn", Text: `tiered-limit: the claim names the tier "evil\n\"name", which is not in tiers`},
		{Level: "warn", Text: `tiered-limit: the claim names the tier "` + long[:64] + `", which is not in tiers`},
	}
	if diff := cmp.Diff(want, request.Run(t, h).Logs); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
	if again := request.Run(t, h).Logs; len(again) > 0 {
		t.Errorf("logged again: %v", again)
	}
}

func TestARequestOfWhichKongTellsTooLittleIsNotCounted(t *testing.T) {
	tests := map[string]string{
		"kong.client.get_consumer":     `{}`,
		"kong.client.get_forwarded_ip": `{}`,
		"kong.client.get_credential":   `{"limit_by": "credential"}`,
		"kong.ctx.shared.get":          `{"tier_claim": "plan"}`,
		"kong.router.get_service":      `{"scope": "service"}`,
		"kong.router.get_route":        `{"scope": "route", "dry_run": true}`,
	}
	for method, options := range tests {
		t.Run(method, func(t *testing.T) {
			count := admitting()
			h := handlerWith(t, options, count)
			got := (&kongtest.Kong{Abort: map[string]bool{method: true}}).Run(t, h)
			if n := testutil.ToFloat64(h.metrics.decisions.WithLabelValues("", "failed", "kong")); n != 1 {
				t.Errorf("%v failed requests are counted", n)
			}
			if !got.Aborted || len(count.asked) > 0 {
				t.Errorf("aborted %v, asked %v", got.Aborted, count.asked)
			}
		})
	}
}

func TestARequestOfWhichKongTellsNothingReadableGetsAnError(t *testing.T) {
	count := admitting()
	k := kongtest.Kong{Consumer: consumer(), Garble: map[string]bool{getConsumer: true}}
	got := k.Run(t, handlerWith(t, `{}`, count))
	if got.Exit == nil || got.Exit.Status != http.StatusInternalServerError || len(count.asked) > 0 {
		t.Errorf("answered %+v, counted %v, want 500", got.Exit, count.asked)
	}
	if len(got.Logs) != 1 || got.Logs[0].Level != "err" || !strings.Contains(got.Logs[0].Text, "asking for the consumer") {
		t.Errorf("logs %v, want the cause", got.Logs)
	}
}

// wantDecision checks that one decision was counted, and which.
func wantDecision(t *testing.T, h *handler, tier, outcome, store string) {
	t.Helper()
	if got := testutil.ToFloat64(h.metrics.decisions.WithLabelValues(tier, outcome, store)); got != 1 {
		t.Errorf("%v decisions %s by %s in the tier %q, want 1", got, outcome, store, tier)
	}
	if n := testutil.CollectAndCount(h.metrics.decisions); n != 1 {
		t.Errorf("%d kinds of decisions counted, want 1", n)
	}
}
