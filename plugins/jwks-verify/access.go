package jwksverify

import (
	"context"
	"net/http"
	"time"

	"github.com/Kong/go-pdk/client"
	"github.com/Kong/go-pdk/entities"

	"tollgate/internal/kong"
	"tollgate/internal/problem"
	"tollgate/internal/shared"
)

// handler is one compiled configuration.
type handler struct {
	config  Config
	policy  *policy
	remotes []*shared.Lease[*remote] // in the order of the issuers
	metrics *metrics
	now     func() time.Time
}

// Access lets the request pass with a good token, and answers it otherwise. A passing request waits
// for Kong twice, for its headers and for the consumer, and once more for each further claim tried.
func (h *handler) Access(ctx context.Context, r *kong.Request) {
	headers, err := r.Headers()
	if err != nil || count(headers) >= kong.MaxHeaders {
		// Headers that cannot be seen cannot be removed; Kong drops those above its limit in silence.
		h.refuse(r, verdict{reason: reasonMalformed, issuer: noIssuer, badRequest: true, detail: "the headers cannot all be read"})
		return
	}
	if stripsIdentity(headers["connection"]) {
		h.refuse(r, verdict{reason: reasonMalformed, issuer: noIssuer, badRequest: true, detail: "Connection names a header that tells identity"})
		return
	}
	token, refused := bearer(headers)
	if refused != nil {
		h.refuse(r, verdict{reason: refused.reason, issuer: noIssuer, badRequest: true, detail: refused.detail})
		return
	}
	v := h.judge(ctx, token)
	if v.reason != reasonOK {
		h.refuse(r, v)
		return
	}
	consumer, err := h.consumer(r, v.claims)
	if err != nil {
		_ = r.Log.Err("jwks-verify: looking the consumer up: ", err.Error())
		r.Reject(problem.Problem{Status: http.StatusInternalServerError})
		return
	}
	if consumer == nil && h.config.ConsumerRequired {
		v.reason, v.detail = reasonConsumer, "no consumer has the id or username that the token names"
		h.refuse(r, v)
		return
	}
	h.pass(r, v, consumer, forged(headers))
}

// Close gives the key sets back.
func (h *handler) Close() {
	for _, lease := range h.remotes {
		lease.Release()
	}
}

func count(headers map[string][]string) int {
	n := 0
	for _, values := range headers {
		n += len(values)
	}
	return n
}

// judge verifies the token, a second time where that could have failed for want of fresh keys and
// fresh keys came within the time that a request may wait.
func (h *handler) judge(ctx context.Context, token string) verdict {
	now, keys := h.now(), h.keys()
	v := h.policy.verify(token, keys, now)
	if v.reason != reasonKidUnknown && v.reason != reasonKeysUnavailable {
		return v
	}
	if !h.remotes[v.issuer].Value.renewed(ctx, keys[v.issuer], now) {
		return v
	}
	return h.policy.verify(token, h.keys(), now)
}

func (h *handler) keys() []*keySet {
	out := make([]*keySet, len(h.remotes))
	for i, lease := range h.remotes {
		out[i] = lease.Value.current.Load()
	}
	return out
}

// consumer is the first that a claim names, nil for none. Kong gives an empty one where it finds none.
func (h *handler) consumer(r *kong.Request, c claims) (*entities.Consumer, error) {
	for _, name := range c.consumerNames(h.config.ConsumerClaims) {
		consumer, err := r.Client.LoadConsumer(name, true)
		if err != nil {
			return nil, err
		}
		if consumer.Id != "" {
			return &consumer, nil
		}
	}
	return nil, nil
}

// pass tells Kong, the later plugins and the upstream who the client is; consumer is nil for none. None
// of the calls is waited for, and their error means that the connection is gone, and the request with it.
func (h *handler) pass(r *kong.Request, v verdict, consumer *entities.Consumer, forged []string) {
	h.metrics.countVerdict(reasonOK)
	credential := client.AuthenticatedCredential{Id: v.claims.credentialID()}
	if consumer != nil {
		credential.ConsumerId = consumer.Id
	}
	_ = r.Client.Authenticate(consumer, &credential)
	for _, name := range forged {
		_ = r.ServiceRequest.ClearHeader(name)
	}
	if headers := identityHeaders(consumer, credential.Id); len(headers) > 0 {
		_ = r.SetUpstreamHeaders(headers...)
	}
	_ = r.SetShared("tollgate_claims", map[string]any(v.claims))
	h.logMember(r, v)
}

// refuse answers the request and says why where the client cannot read it.
func (h *handler) refuse(r *kong.Request, v verdict) {
	h.metrics.countVerdict(v.reason)
	_ = r.Log.Warn("jwks-verify: refused, reason=", string(v.reason),
		" issuer=", printable(h.issuer(v)), " kid=", printable(v.kid), " detail=", printable(v.detail))
	h.logMember(r, v)
	a := answerTo(v)
	r.Reject(a.problem(), a.headers()...)
}

// logMember adds the outcome to Kong's access log. Of the token it takes only what was verified, and
// its kid; sub, which may name a person, only where there is no client_id.
func (h *handler) logMember(r *kong.Request, v verdict) {
	member := map[string]any{"reason": string(v.reason)}
	put := func(name, value string) {
		if value != "" {
			member[name] = bounded(value)
		}
	}
	put("issuer", h.issuer(v))
	put("kid", v.kid)
	put("client_id", v.claims.text("client_id"))
	if member["client_id"] == nil {
		put("sub", v.claims.text("sub"))
	}
	_ = r.SetLogMember("tollgate.jwks_verify", member)
}

// issuer is the token's as configured, empty for an unknown one.
func (h *handler) issuer(v verdict) string {
	if v.issuer == noIssuer {
		return ""
	}
	return h.config.Issuers[v.issuer].Issuer
}
