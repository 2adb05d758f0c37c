package tieredlimit

import (
	"net/http"
	"strconv"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
)

// quotaExceeded is the problem type of a violated limit (draft-ietf-httpapi-ratelimit-headers-10).
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded"

// unavailableRetry is the Retry-After, in seconds, of a 503: as often the breaker asks Redis again.
const unavailableRetry = 1

// headers returns the response headers under the names, and with the meaning, of Kong's bundled
// rate-limiting plugin (kong/plugins/rate-limiting/handler.lua).
func (d Decision) headers() []kong.Header {
	if d.Second.Limit == 0 && d.Day.Limit == 0 {
		return nil
	}
	out := make([]kong.Header, 0, 9) // room for Retry-After and the Content-Type of a rejection
	if w := d.Second; w.Limit > 0 {
		out = append(out, number("X-RateLimit-Limit-Second", w.Limit), number("X-RateLimit-Remaining-Second", w.Remaining))
	}
	if w := d.Day; w.Limit > 0 {
		out = append(out, number("X-RateLimit-Limit-Day", w.Limit), number("X-RateLimit-Remaining-Day", w.Remaining))
	}
	w := d.tightest()
	return append(out, number("RateLimit-Limit", w.Limit), number("RateLimit-Remaining", w.Remaining),
		number("RateLimit-Reset", w.ResetSeconds))
}

// rejection returns the answer to a request that is not admitted: 429 where a limit is violated, 503
// where Redis could not be asked.
func (d Decision) rejection() (problem.Problem, []kong.Header) {
	if d.Store == FromError {
		return problem.Problem{
			Status: http.StatusServiceUnavailable,
			Detail: "The request could not be counted. Try again shortly.",
		}, []kong.Header{number("Retry-After", unavailableRetry)}
	}
	return problem.Problem{
		Type:   quotaExceeded,
		Title:  "Request cannot be satisfied as assigned quota has been exceeded",
		Status: http.StatusTooManyRequests,
		Extra:  map[string]any{"violated-policies": d.violated()},
	}, append(d.headers(), number("Retry-After", d.retryAfter()))
}

// logMember returns the value of tollgate.tiered_limit in Kong's access log; what is not limited, or
// not known, is left out.
func (d Decision) logMember() map[string]any {
	member := map[string]any{"tier": d.Tier, "decision": d.outcome(), "store": string(d.Store)}
	if d.Second.Limit > 0 {
		member["limit"], member["remaining"] = d.Second.Limit, d.Second.Remaining
	}
	if d.Day.Limit > 0 {
		member["quota_remaining"] = d.Day.Remaining
	}
	return member
}

// outcome is the decision in a word, for logs and metrics.
func (d Decision) outcome() string {
	if d.Admit {
		return "admitted"
	}
	return "rejected"
}

func number(name string, value int64) kong.Header {
	return kong.Header{Name: name, Value: strconv.FormatInt(value, 10)}
}
