package tieredlimit

import (
	"math/rand/v2"
	"net/http"
	"strings"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
)

// quotaExceeded is the problem type of a violated limit (draft-ietf-httpapi-ratelimit-headers-10).
const quotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded"

// unavailableRetry is the Retry-After, in seconds, of a 503: the shortest, and Redis is probed more often.
const unavailableRetry = 1

// Which requests the access log tells of, as the option log_decision names them.
const (
	logAll      = "all"
	logRejected = "rejected"
	logNone     = "none"
)

// answers says what clients, the upstream and the access log are told of a decision.
type answers struct {
	families families
	dryRun   bool
	code     int
	message  string
	log      string
	jitter   int64                       // seconds
	random   func(n int64) (below int64) // at least 0
}

func newAnswers(c Config) answers {
	return answers{
		families: newFamilies(c.Headers),
		dryRun:   c.DryRun,
		code:     c.ErrorCode,
		message:  c.ErrorMessage,
		log:      c.LogDecision,
		jitter:   c.RetryAfterJitterSeconds,
		random:   rand.Int64N,
	}
}

// passes tells whether the request goes on to the upstream.
func (a *answers) passes(d Decision) bool { return a.dryRun || d.Verdict != Rejected }

// rejection returns the answer to a request that does not pass: error_code where a limit is violated,
// 503 where Redis could not be asked, 403 where there is nobody to count for. That is no 401, which must
// say how to authenticate (RFC 9110, section 15.5.2): this plugin does not know.
func (a *answers) rejection(s *signs, d Decision) (problem.Problem, []kong.Header) {
	switch d.Store {
	case FromError:
		return problem.Problem{
			Status: http.StatusServiceUnavailable,
			Detail: "The request could not be counted. Try again shortly.",
		}, []kong.Header{a.retryAfter(unavailableRetry)}
	case FromAnonymous:
		return problem.Problem{
			Status: http.StatusForbidden,
			Detail: "The request comes from no known consumer.",
		}, nil
	}
	return problem.Problem{
		Type:   quotaExceeded,
		Title:  "Request cannot be satisfied as assigned quota has been exceeded",
		Status: a.code,
		Detail: a.message,
		Extra:  map[string]any{"violated-policies": d.violated()},
	}, append(a.families.of(s, d), a.retryAfter(d.retryAfter()))
}

// retryAfter spreads the clients that wait for the same moment. It stays where there are no other
// headers: a client must learn when to come back.
func (a *answers) retryAfter(seconds int64) kong.Header {
	if a.jitter > 0 {
		seconds += a.random(a.jitter + 1)
	}
	return number("Retry-After", seconds)
}

// logged tells whether Kong's access log gets the member.
func (a *answers) logged(d Decision) bool {
	return a.log == logAll || a.log == logRejected && d.Verdict == Rejected
}

// member returns the value of tollgate.tiered_limit in Kong's access log; what is not limited, or not
// known, is left out.
func (a *answers) member(d Decision) []kong.Member {
	const most = 7
	record := make([]kong.Member, 0, most)
	record = append(record, kong.TextMember("decision", string(d.Verdict)), kong.TextMember("store", string(d.Store)))
	if d.Tier != "" {
		record = append(record, kong.TextMember("tier", d.Tier))
	}
	if d.Second.Limit > 0 {
		record = append(record, kong.NumberMember("limit", d.Second.Limit), kong.NumberMember("remaining", d.Second.Remaining))
	}
	if d.Day.Limit > 0 {
		record = append(record, kong.NumberMember("quota_remaining", d.Day.Remaining))
	}
	if a.dryRun {
		record = append(record, kong.TrueMember("dry_run"))
	}
	return record
}

// dryRunHeader tells the upstream what would have become of a request.
const dryRunHeader = "X-Tollgate-Dry-Run"

// markError is its value where Kong could not tell who makes the request.
const markError = string(Rejected) + "; error"

// mark is the value of dryRunHeader: admitted, or rejected and what would have done it.
func mark(d Decision) string {
	if d.Verdict != Rejected {
		return string(Admitted)
	}
	by := strings.Join(d.violated(), ", ")
	switch d.Store {
	case FromError:
		by = "redis"
	case FromAnonymous:
		by = "no-consumer"
	}
	return string(Rejected) + "; " + by
}
