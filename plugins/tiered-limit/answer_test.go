package tieredlimit

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
)

// configWith is the three tiers with some options.
func configWith(t *testing.T, options string) Config {
	t.Helper()
	c, err := plugin.Decode[Config](Schema(), overlay(t, threeTiers, options))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRejections(t *testing.T) {
	violated := Decision{Tier: "free", Verdict: Rejected, Store: FromRedis, Second: Window{Limit: 20, ResetSeconds: 1, RetryAfter: 1}}
	const quota, title = "https://iana.org/assignments/http-problem-types#quota-exceeded", "Request cannot be satisfied as assigned quota has been exceeded"
	tests := map[string]struct {
		options  string
		decision Decision
		body     map[string]any
		headers  map[string]string
	}{
		"a violated limit": {
			options: `{}`, decision: violated,
			body: map[string]any{"type": quota, "title": title, "status": 429.0, "violated-policies": []any{"tps"}},
			headers: map[string]string{
				"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "0",
				"RateLimit-Limit": "20", "RateLimit-Remaining": "0", "RateLimit-Reset": "1", "Retry-After": "1",
			},
		},
		"a violated limit in the operator's words": {
			options: `{"headers": "ietf", "error_code": 503, "error_message": "Write to sales@example.com."}`, decision: violated,
			body: map[string]any{
				"type": quota, "title": title, "status": 503.0, "violated-policies": []any{"tps"}, "detail": "Write to sales@example.com.",
			},
			headers: map[string]string{"RateLimit-Policy": `"tps";q=20;w=1`, "RateLimit": `"tps";t=1;r=0`, "Retry-After": "1"},
		},
		"Retry-After stays where there are no other headers": {
			options: `{"headers": "none"}`, decision: violated,
			body:    map[string]any{"type": quota, "title": title, "status": 429.0, "violated-policies": []any{"tps"}},
			headers: map[string]string{"Retry-After": "1"},
		},
		"a store that does not answer": {
			options: `{"error_code": 400, "error_message": "No."}`, decision: Decision{Tier: "free", Verdict: Rejected, Store: FromError},
			body: map[string]any{
				"type": "about:blank", "title": "Service Unavailable", "status": 503.0,
				"detail": "The request could not be counted. Try again shortly.",
			},
			headers: map[string]string{"Retry-After": "1"},
		},
		"nobody to count for": {
			options: `{"error_code": 400, "error_message": "No."}`, decision: anonymous(anonymousReject),
			body: map[string]any{
				"type": "about:blank", "title": "Forbidden", "status": 403.0, "detail": "The request comes from no known consumer.",
			},
			headers: map[string]string{},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, s := newAnswers(configWith(t, test.options)), newSigns(Limits{TPS: 20})
			p, headers := a.rejection(&s, test.decision)
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

func TestRetryAfterIsSpread(t *testing.T) {
	s := newSigns(Limits{TPS: 20, Quota: 5})
	rejected := Decision{Verdict: Rejected, Store: FromRedis, Day: Window{Limit: 5, ResetSeconds: 100, RetryAfter: 100}}
	tests := map[string]struct {
		options  string
		decision Decision
		drawn    func(n int64) int64
		want     string
	}{
		"by nothing":                {`{}`, rejected, func(int64) int64 { t.Error("drew a number"); return 7 }, "100"},
		"from the wait itself":      {`{"retry_after_jitter_seconds": 30}`, rejected, func(int64) int64 { return 0 }, "100"},
		"up to the whole jitter":    {`{"retry_after_jitter_seconds": 30}`, rejected, func(n int64) int64 { return n - 1 }, "130"},
		"where Redis is away":       {`{"retry_after_jitter_seconds": 30}`, Decision{Verdict: Rejected, Store: FromError}, func(n int64) int64 { return n - 1 }, "31"},
		"but never where no one is": {`{"retry_after_jitter_seconds": 30}`, anonymous(anonymousReject), func(n int64) int64 { return n - 1 }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAnswers(configWith(t, test.options))
			a.random = test.drawn
			_, headers := a.rejection(&s, test.decision)
			got := byName(headers)
			if got["Retry-After"] != test.want {
				t.Errorf("Retry-After %q, want %q", got["Retry-After"], test.want)
			}
			if reset := got["RateLimit-Reset"]; reset != "" && reset != "100" {
				t.Errorf("RateLimit-Reset %q, want what the limit says", reset)
			}
		})
	}
}

// The numbers that a configuration draws are its own: in the range, and not always the same.
func TestTheSpreadIsRandom(t *testing.T) {
	a := newAnswers(configWith(t, `{"retry_after_jitter_seconds": 3}`))
	seen := map[string]bool{}
	for range 1000 {
		seen[a.retryAfter(10).Value] = true
	}
	if diff := cmp.Diff(map[string]bool{"10": true, "11": true, "12": true, "13": true}, seen); diff != "" {
		t.Errorf("Retry-After (-want +got):\n%s", diff)
	}
}
