package jwksverify

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
)

// answer is what the client of a refused request gets: a fixed text, never what was expected or found.
type answer struct {
	status int
	detail string
	// challenge is the WWW-Authenticate of the answer, empty for none.
	challenge string
	// retryAfter is in seconds, zero for none.
	retryAfter int
}

// answers holds all answers of one configuration.
type answers struct {
	noToken, credentials, headers, invalid, expired, scope, consumer, unavailable answer
}

// newAnswers makes the answers; retryAfter is the time after which a request may cause the next fetch of
// keys.
func newAnswers(c *Config, retryAfter time.Duration) *answers {
	say := challenge{realm: c.Realm, metadata: c.ResourceMetadata}
	challenging := func(status int, code, detail, scope string) answer {
		return answer{status: status, detail: detail, challenge: say.with(code, detail, scope)}
	}
	const invalidToken, invalidRequest = "invalid_token", "invalid_request"
	return &answers{
		noToken:     challenging(http.StatusUnauthorized, "", "This resource needs a bearer token.", ""),
		credentials: challenging(http.StatusBadRequest, invalidRequest, "The request must hold one bearer token, in one header.", ""),
		headers:     challenging(http.StatusBadRequest, invalidRequest, "The request's headers cannot be passed on.", ""),
		invalid:     challenging(http.StatusUnauthorized, invalidToken, "The access token is not valid here.", ""),
		expired:     challenging(http.StatusUnauthorized, invalidToken, "The access token expired.", ""),
		scope: challenging(http.StatusForbidden, "insufficient_scope", "The access token does not allow this.",
			strings.Join(c.RequiredScopes, " ")),
		// The token is good, so that another one would not help: no challenge.
		consumer: answer{status: http.StatusForbidden, detail: "The client is not registered here."},
		// The fault is ours. A client that is told to get another token would come back with it.
		unavailable: answer{
			status: http.StatusServiceUnavailable, detail: "Tokens cannot be verified at the moment.",
			retryAfter: int(retryAfter / time.Second),
		},
	}
}

// to maps each refusal to its answer (RFC 6750, section 3.1).
func (a *answers) to(v verdict) answer {
	switch v.at {
	case inCredentials:
		return a.credentials
	case inHeaders:
		return a.headers
	case inKeys:
		return a.unavailable
	}
	switch v.reason {
	case reasonNoToken:
		return a.noToken
	case reasonExpired:
		return a.expired
	case reasonScope:
		return a.scope
	case reasonConsumer:
		return a.consumer
	case reasonKeysUnavailable:
		return a.unavailable
	}
	return a.invalid
}

func (a answer) problem() problem.Problem {
	return problem.Problem{Status: a.status, Detail: a.detail}
}

func (a answer) headers() []kong.Header {
	var headers []kong.Header
	if a.challenge != "" {
		headers = append(headers, kong.Header{Name: "WWW-Authenticate", Value: a.challenge})
	}
	if a.retryAfter > 0 {
		headers = append(headers, kong.Header{Name: "Retry-After", Value: strconv.Itoa(a.retryAfter)})
	}
	return headers
}

// refuse answers the request and says why where the client cannot read it.
func (h *handler) refuse(r *kong.Request, v verdict) {
	_ = r.Log.Warn("jwks-verify: refused, reason=", string(v.reason),
		" issuer=", strconv.QuoteToASCII(h.issuer(v)), " kid=", printable(v.kid), " detail=", printableDetail(v.detail))
	h.answer(r, v)
}

// answer refuses the request, and says why in the metric and the access log.
func (h *handler) answer(r *kong.Request, v verdict) {
	a := h.answers.to(v)
	h.metrics.answered(v.reason, a.status)
	_ = r.SetLogMember("tollgate.jwks_verify", logMember(v, h.issuer(v)))
	r.Reject(a.problem(), a.headers()...)
}

// fail answers a request that cannot be served through no fault of its client, for the verdict's reason.
func (h *handler) fail(r *kong.Request, v verdict, detail string) {
	h.metrics.answered(v.reason, http.StatusInternalServerError)
	_ = r.Log.Err("jwks-verify: ", detail)
	_ = r.SetLogMember("tollgate.jwks_verify", logMember(v, h.issuer(v)))
	r.Reject(problem.Problem{Status: http.StatusInternalServerError})
}

// issuer is the token's as configured, empty for an unknown one.
func (h *handler) issuer(v verdict) string {
	if v.issuer == noIssuer {
		return ""
	}
	return h.config.Issuers[v.issuer].Issuer
}
