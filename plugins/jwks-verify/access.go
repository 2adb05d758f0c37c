package jwksverify

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
)

// handler is one compiled configuration.
type handler struct {
	config     Config
	sources    sources
	guarded    guarded
	policy     *policy
	keys       []*keyLease // in the order of the issuers
	tokens     *tokenCache[*judged]
	identifier *identifier
	answers    *answers
	metrics    *metrics
	now        func() time.Time
}

// Access lets the request pass with a good token, and answers it otherwise. A passing request waits
// for Kong twice, for its headers and for the consumer, and once more for each further claim tried.
func (h *handler) Access(ctx context.Context, r *kong.Request) {
	h.expect(r)
	headers, err := r.Headers()
	if err != nil { // the client has no part in it, and no header can be judged or removed
		h.fail(r, verdict{reason: reasonGateway, issuer: noIssuer}, err.Error())
		return
	}
	h.redact(r, headers)
	removed := h.guarded.forged(headers)
	if why := h.unfit(headers, removed); why != "" {
		h.refuse(r, verdict{reason: reasonMalformed, at: inHeaders, issuer: noIssuer, detail: why})
		return
	}
	token, tokenHeader, refused := h.bearer(r, headers)
	switch {
	case refused == nil:
	case refused.reason == reasonGateway:
		h.fail(r, verdict{reason: reasonGateway, issuer: noIssuer}, refused.detail)
		return
	case refused.reason != reasonNoToken:
		h.refuse(r, verdict{reason: refused.reason, at: inCredentials, issuer: noIssuer, detail: refused.detail})
		return
	case h.config.Anonymous != "":
		h.passAnonymous(r, removed)
		return
	default:
		h.refuse(r, verdict{reason: refused.reason, issuer: noIssuer, detail: refused.detail})
		return
	}
	v := h.judge(ctx, r, token, headers)
	if v.reason != reasonOK {
		h.refuse(r, v)
		return
	}
	if h.config.HideCredentials {
		removed = append(removed, tokenHeader)
	}
	h.admit(r, v, removed)
}

// queryVariable is nginx's for the request's query, without the question mark.
const queryVariable = "args"

// expect has Kong asked together, and waited for once, for the headers and what each good request needs besides.
func (h *handler) expect(r *kong.Request) {
	if h.config.RefuseQueryToken {
		r.ExpectVar(queryVariable)
	}
	if h.config.SenderConstraint == constraintRequired {
		r.ExpectPeer()
	}
}

// bearer finds the request's one token in its headers, and where refuse_query_token is set none in its query.
func (h *handler) bearer(r *kong.Request, headers map[string][]string) (token, header string, refused *refusal) {
	if h.config.RefuseQueryToken {
		query, err := r.Var(queryVariable)
		if err != nil {
			return "", "", &refusal{reasonGateway, err.Error()}
		}
		if queryHoldsToken(query) {
			return "", "", &refusal{reasonMalformed, "the query holds access_token"}
		}
	}
	return h.sources.bearer(headers)
}

// redact keeps tokens out of Kong's log plugins, whatever becomes of the request.
func (h *handler) redact(r *kong.Request, headers map[string][]string) {
	for _, name := range h.sources.shown(headers) {
		_ = r.SetLogValue("request.headers."+name, "REDACTED") // as Kong does
	}
}

// maxForged is the most headers that are removed from a request: each costs Kong a call.
const maxForged = 64

// unfit tells why a request cannot be judged, empty for one that can.
func (h *handler) unfit(headers map[string][]string, forged []string) string {
	if countLines(headers) >= kong.MaxHeaders {
		// Headers that cannot be seen cannot be removed; Kong drops those above its limit in silence.
		return "the headers cannot all be read"
	}
	if len(forged) > maxForged {
		return "too many headers tell identity"
	}
	if h.guarded.strippedBy(headers["connection"]) {
		return "Connection names a header that tells identity"
	}
	return ""
}

func countLines(headers map[string][]string) int {
	n := 0
	for _, values := range headers {
		n += len(values)
	}
	return n
}

// Close gives the key sets back.
func (h *handler) Close() {
	for _, lease := range h.keys {
		lease.release()
	}
}

// judge verifies the token, a second time where that could have failed for want of fresh keys and
// fresh keys came within the time that a request may wait, and compares it with the request.
func (h *handler) judge(ctx context.Context, r *kong.Request, token string, headers map[string][]string) verdict {
	now := h.now()
	sets := h.sets(now)
	j := h.authenticate(token, sets, now)
	if j.wantsKeys() {
		j, now = h.again(ctx, token, j, sets)
	}
	if h.policy.doubtsKeys(j) {
		h.keys[j.found.issuer].hint(now)
	}
	if j.refused != nil {
		return j.found.verdict(j.refused)
	}
	return j.found.verdict(h.policy.admit(&j.found, circumstances{now: now, certificate: h.certificate(r, j.found.binding, headers)}))
}

// authenticate verifies the token, or remembers what that came to.
func (h *handler) authenticate(token string, sets []*keySet, now time.Time) *judged {
	ttl := time.Duration(h.config.TokenCacheSeconds) * time.Second
	if ttl == 0 {
		return h.verify(token, sets)
	}
	key := tokenKey(h.policy.digest, sets, token)
	if j, ok := h.tokens.get(key, now); ok {
		return j
	}
	j := h.verify(token, sets)
	switch {
	case j.refused == nil:
		h.tokens.putVerified(key, j, j.weight(token), now, j.found.dates.expires, ttl)
	case j.refused.reason == reasonSignature:
		h.tokens.putRefused(key, j, j.weight(token), now)
	}
	return j
}

func (h *handler) verify(token string, sets []*keySet) *judged {
	j := &judged{}
	j.found, j.refused = h.policy.authenticate(token, sets)
	if c := j.found.claims; c != nil {
		// A token whose signature is good tells whose it is, even where it is refused. No more of its claims
		// is needed, and they would be most of what is remembered.
		j.found.identity, j.found.claims = h.identifier.of(h.config.Issuers[j.found.issuer].Issuer, j.found.kid, c), nil
	}
	return j
}

// certificate is the client's, for which Kong is asked for the peer, and waited for, by bound tokens alone.
func (h *handler) certificate(r *kong.Request, b binding, headers map[string][]string) presented {
	if !b.bound {
		return presented{}
	}
	peer, err := r.Peer()
	if err != nil {
		peer = ""
	}
	return h.policy.certificates.of(peer, headers)
}

func (h *handler) sets(now time.Time) []*keySet {
	out := make([]*keySet, len(h.keys))
	for i, lease := range h.keys {
		out[i] = lease.keys(now)
	}
	return out
}

// refuse answers the request and says why where the client cannot read it.
func (h *handler) refuse(r *kong.Request, v verdict) {
	h.metrics.countVerdict(v.reason)
	_ = r.Log.Warn("jwks-verify: refused, reason=", string(v.reason),
		" issuer=", strconv.QuoteToASCII(h.issuer(v)), " kid=", printable(v.kid), " detail=", printableDetail(v.detail))
	_ = r.SetLogMember("tollgate.jwks_verify", logMember(v, h.issuer(v)))
	a := h.answers.to(v)
	r.Reject(a.problem(), a.headers()...)
}

// fail answers a request that cannot be served through no fault of its client, for the verdict's reason.
func (h *handler) fail(r *kong.Request, v verdict, detail string) {
	h.metrics.countVerdict(v.reason)
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
