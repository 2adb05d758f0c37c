package jwksverify

import (
	"strings"

	"tollgate/internal/kong"
)

// noConsumer is the consumer_id of a credential without one. Kong turns an absent one into "", which its
// acl takes for an id, and fails on: 500. The database has nobody under this one.
const noConsumer = "00000000-0000-0000-0000-000000000000"

// admit lets a request with a good token pass, unless its consumer is needed and not found.
func (h *handler) admit(r *kong.Request, v verdict, removed []string) {
	consumer, err := findConsumer(r, v.identity.lookups)
	switch {
	case err != nil:
		v.reason = reasonConsumer
		h.fail(r, v, "looking the consumer up: "+err.Error())
	case consumer == nil && h.config.ConsumerRequired:
		v.reason, v.detail = reasonConsumer, "Kong has no consumer that the token names"
		h.refuse(r, v)
	default:
		h.pass(r, v, consumer, removed)
	}
}

// findConsumer asks Kong until it finds one, nil for none.
func findConsumer(r *kong.Request, lookups []lookup) (*kong.Account, error) {
	for _, l := range lookups {
		consumer, err := r.LoadConsumer(l.name, l.by != byID)
		if err != nil {
			return nil, err
		}
		if consumer != nil && l.fits(consumer.ID, consumer.Username) {
			return consumer, nil
		}
	}
	return nil, nil
}

// pass tells Kong, the later plugins and the upstream who the client is; consumer is nil for none. None
// of the calls is waited for, and their error means that the connection is gone, and the request with it.
func (h *handler) pass(r *kong.Request, v verdict, consumer *kong.Account, removed []string) {
	h.metrics.passed(v.reason)
	id := v.identity
	_ = r.Authenticate(consumer, credentialOf(id, consumer))
	tellUpstream(r, removed, upstreamHeaders(consumer, id))
	if id.groups != nil {
		_ = r.SetShared("authenticated_groups", id.groups)
	}
	if id.shared != nil {
		_ = r.SetShared("tollgate_claims", id.shared)
	}
	_ = r.SetLogMember("tollgate.jwks_verify", logMember(v, h.issuer(v)))
	if id.tooLong != nil {
		_ = r.Log.Warn("jwks-verify: claims are too long for the headers ", strings.Join(id.tooLong, ", "))
	}
}

// credentialOf is what a token's owner has authenticated with.
func credentialOf(id *identity, consumer *kong.Account) kong.Credential {
	if consumer == nil {
		return kong.Credential{ID: id.credential, ConsumerID: noConsumer}
	}
	return kong.Credential{ID: id.credential, ConsumerID: consumer.ID}
}

// passAnonymous lets a request without a token pass, as that of the anonymous consumer.
func (h *handler) passAnonymous(r *kong.Request, removed []string) {
	v := verdict{reason: reasonAnonymous, issuer: noIssuer}
	consumer, err := findConsumer(r, []lookup{{name: h.config.Anonymous}})
	switch {
	case err != nil:
		v.reason = reasonConsumer
		h.fail(r, v, "looking the anonymous consumer up: "+err.Error())
		return
	case consumer == nil: // as Kong's own plugins: the configuration is at fault
		v.reason = reasonConsumer
		h.fail(r, v, "Kong has no consumer "+printable(h.config.Anonymous)+", that anonymous names")
		return
	}
	h.metrics.passed(v.reason)
	_ = r.Authenticate(consumer, kong.Credential{})
	tellUpstream(r, removed, anonymousHeaders(consumer))
	_ = r.SetLogMember("tollgate.jwks_verify", logMember(v, ""))
}

// tellUpstream removes headers before it sets others: a name may be among both.
func tellUpstream(r *kong.Request, removed []string, headers []kong.Header) {
	for _, name := range removed {
		_ = r.ClearUpstreamHeader(name)
	}
	if len(headers) > 0 {
		_ = r.SetUpstreamHeaders(headers...)
	}
}
