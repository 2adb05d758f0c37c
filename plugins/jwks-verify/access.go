package jwksverify

import (
	"context"
	"errors"
	"time"

	"tollgate/internal/httpheader"
	"tollgate/internal/kong"
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
	h.redact(r, headers)
	found, queryErr := h.findQueryToken(r)
	if found {
		h.refuseQueryToken(r)
		return
	}
	if err = errors.Join(err, queryErr); err != nil { // the client has no part in it, and nothing can be judged or removed
		h.fail(r, verdict{reason: reasonGateway, issuer: noIssuer}, err.Error())
		return
	}
	removed := h.guarded.forged(headers)
	if why := h.unfit(headers, removed); why != "" {
		h.refuse(r, verdict{reason: reasonMalformed, at: inHeaders, issuer: noIssuer, detail: why})
		return
	}
	token, tokenHeader, refused := h.sources.bearer(headers)
	switch {
	case refused == nil:
		h.passToken(ctx, r, token, tokenHeader, headers, removed)
	case refused.reason != reasonNoToken:
		h.refuse(r, verdict{reason: refused.reason, at: inCredentials, issuer: noIssuer, detail: refused.detail})
	case h.config.Anonymous != "":
		h.passAnonymous(r, removed)
	default:
		h.refuse(r, verdict{reason: refused.reason, issuer: noIssuer, detail: refused.detail})
	}
}

// passToken lets a request pass whose token is good.
func (h *handler) passToken(ctx context.Context, r *kong.Request, token, tokenHeader string, headers httpheader.List, removed []string) {
	v, err := h.judge(ctx, r, token, headers)
	switch {
	case err != nil:
		v.reason = reasonGateway
		h.fail(r, v, err.Error())
		return
	case v.reason != reasonOK:
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

// findQueryToken tells whether the request's query holds a token, where refuse_query_token is set.
func (h *handler) findQueryToken(r *kong.Request) (bool, error) {
	if !h.config.RefuseQueryToken {
		return false, nil
	}
	query, err := r.Var(queryVariable)
	return queryHoldsToken(query), err
}

// refuseQueryToken answers a request whose query holds a token, and keeps the query out of Kong's logs. Nothing is
// written to the error log: to each line of a request's nginx appends its first line, with the query.
func (h *handler) refuseQueryToken(r *kong.Request) {
	for _, member := range queryMembers() {
		_ = r.SetLogValue(member, redacted)
	}
	h.answer(r, verdict{reason: reasonMalformed, at: inCredentials, issuer: noIssuer})
}

// redacted is what Kong writes in place of Authorization.
const redacted = "REDACTED"

// queryMembers are the members of Kong's access log that hold the query (kong/pdk/log.lua).
func queryMembers() [4]string {
	return [...]string{"request.querystring", "request.uri", "request.url", "upstream_uri"}
}

// redact keeps tokens out of Kong's log plugins, whatever becomes of the request.
func (h *handler) redact(r *kong.Request, headers httpheader.List) {
	for _, name := range h.sources.shown(headers) {
		_ = r.SetLogValue("request.headers."+name, redacted)
	}
}

// maxForged is the most headers that are removed from a request: each costs Kong a call.
const maxForged = 64

// unfit tells why a request cannot be judged, empty for one that can.
func (h *handler) unfit(headers httpheader.List, forged []string) string {
	if headers.Count() >= kong.MaxHeaders {
		// Headers that cannot be seen cannot be removed; Kong drops those above its limit in silence.
		return "the headers cannot all be read"
	}
	if len(forged) > maxForged {
		return "too many headers tell identity"
	}
	if h.guarded.strippedBy(headers.Lines("connection")) {
		return "Connection names a header that tells identity"
	}
	return ""
}

// Close gives the key sets back.
func (h *handler) Close() {
	for _, lease := range h.keys {
		lease.release()
	}
}

// attempt is one verification of a request's token.
type attempt struct {
	*judged
	token string
	sets  []*keySet // of the issuers, as they were at now
	now   time.Time
}

func (h *handler) attempt(token string) attempt {
	now := h.now()
	sets := h.sets(now)
	return attempt{h.authenticate(token, sets, now), token, sets, now}
}

// judge verifies the token, again where that could have failed for want of fresh keys and fresh keys came within
// the time that a request may wait, and compares it with the request. An error is that Kong does not tell that.
func (h *handler) judge(ctx context.Context, r *kong.Request, token string, headers httpheader.List) (verdict, error) {
	a := h.attempt(token)
	if a.wantsKeys() {
		a = h.again(ctx, a)
	}
	if h.policy.doubtsKeys(a.judged) {
		h.keys[a.found.issuer].hint(a.now)
	}
	if a.refused != nil {
		return a.verdict(), nil
	}
	certificate, err := h.certificate(r, a.found.binding, headers)
	if err != nil {
		return a.verdict(), err
	}
	return a.found.verdict(h.policy.admit(&a.found, circumstances{now: a.now, certificate: certificate})), nil
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
func (h *handler) certificate(r *kong.Request, b binding, headers httpheader.List) (presented, error) {
	if !b.bound {
		return presented{}, nil
	}
	peer, err := r.Peer()
	if err != nil {
		return presented{}, err
	}
	return h.policy.certificates.of(peer, headers), nil
}

func (h *handler) sets(now time.Time) []*keySet {
	out := make([]*keySet, len(h.keys))
	for i, lease := range h.keys {
		out[i] = lease.keys(now)
	}
	return out
}
