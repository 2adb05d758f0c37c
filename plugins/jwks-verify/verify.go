package jwksverify

import (
	"fmt"
	"slices"
	"time"
)

// proof is what a verified token says, as far as it depends on nothing but the token, the configuration
// and the keys: it can be kept for them. Whether it is good now, for this request, admit tells.
type proof struct {
	// issuer is the index of the token's issuer in the configuration, noIssuer where it is not known.
	issuer int
	// kid and alg are the header's.
	kid, alg string
	// claims are those of a good signature; nil where it is not, and once identity has what is needed of them.
	claims  claims
	dates   dates
	binding binding
	// lacking is what the scopes fall short of, nil where they do not.
	lacking *refusal
	// identity is what the claims say of the token's owner; authenticate does not fill it in.
	identity *identity
}

// examination is a token that is being verified.
type examination struct {
	segments
	proof
	raw    string
	typ    string
	keys   []*keySet // of the issuers, in the order of the configuration; nil where there is none yet
	usable []verifyKey
}

// authenticate verifies a token by the keys of the issuers, in the order of the configuration, nil where
// there are none yet. A token that is refused is described as far as it was read, with claims where its
// signature is good.
func (p *policy) authenticate(raw string, keys []*keySet) (proof, *refusal) {
	e := &examination{raw: raw, keys: keys, proof: proof{issuer: noIssuer}}
	for _, c := range proving() {
		if r := c.run(p, e); r != nil {
			return proof{issuer: e.issuer, kid: e.kid, alg: e.alg, claims: e.claims}, r
		}
	}
	e.lacking = p.scopes.check(e.claims)
	return e.proof, nil
}

// circumstances are those of one request.
type circumstances struct {
	now time.Time
	// certificate is the client's; it matters only to a token that is bound.
	certificate presented
}

// admit tells why a verified token is not good for a request, nil where it is. The scope comes last, as a
// client that lacks one needs another grant, not a fresh token (RFC 6750, section 3.1).
func (p *policy) admit(found *proof, c circumstances) *refusal {
	for _, check := range standing() {
		if r := check.run(p, found, c); r != nil {
			return r
		}
	}
	return nil
}

// provingCheck is a step of authenticate.
type provingCheck struct {
	name string
	run  func(*policy, *examination) *refusal
}

// proving are the steps of authenticate. Each may rely on those before it.
func proving() [11]provingCheck {
	return [...]provingCheck{
		{"form", (*policy).checkForm},
		{"header", (*policy).checkHeader},
		{"issuer", (*policy).checkIssuer},
		{"algorithm", (*policy).checkAlgorithm},
		{"type", (*policy).checkType},
		{"key", (*policy).checkKey},
		{"signature", (*policy).checkSignature},
		{"audience", (*policy).checkAudience},
		{"dates", (*policy).checkDates},
		{"claims", (*policy).checkClaims},
		{"confirmation", (*policy).checkConfirmation},
	}
}

// standingCheck is a step of admit.
type standingCheck struct {
	name string
	run  func(*policy, *proof, circumstances) *refusal
}

// standing are the steps of admit.
func standing() [3]standingCheck {
	return [...]standingCheck{
		{"certificate", func(_ *policy, found *proof, c circumstances) *refusal { return found.binding.check(c.certificate) }},
		{"time", func(p *policy, found *proof, c circumstances) *refusal { return p.clock.check(found.dates, c.now) }},
		{"scope", func(_ *policy, found *proof, _ circumstances) *refusal { return found.lacking }},
	}
}

func (p *policy) checkForm(e *examination) *refusal {
	var err error
	if e.segments, err = readSegments(e.raw); err != nil {
		return &refusal{reasonMalformed, err.Error()}
	}
	return nil
}

func (p *policy) checkHeader(e *examination) *refusal {
	h, r := readJOSEHeader(e.header)
	e.kid, e.alg, e.typ = h.kid, h.alg, h.typ
	return r
}

// checkIssuer finds the issuer, and with it the only keys that may have signed: everything is unproven
// until then.
func (p *policy) checkIssuer(e *examination) *refusal {
	if e.issuer = p.issuerOf(e.payload.text("iss")); e.issuer == noIssuer {
		return &refusal{reasonIssuer, fmt.Sprintf("iss is %s, none of %q", printable(e.payload.text("iss")), p.names())}
	}
	return nil
}

func (p *policy) checkAlgorithm(e *examination) *refusal {
	if allowed := p.issuers[e.issuer].algorithms; !slices.Contains(allowed, e.alg) {
		return &refusal{reasonAlg, fmt.Sprintf("%s is none of %q", e.alg, allowed)}
	}
	return nil
}

// checkType keeps tokens of other kinds out, such as logout tokens (RFC 8725, section 3.11).
func (p *policy) checkType(e *examination) *refusal {
	if allowed := p.issuers[e.issuer].types; !slices.Contains(allowed, e.typ) {
		return &refusal{reasonType, fmt.Sprintf("typ is %s, none of %q", printable(e.typ), allowed)}
	}
	return nil
}

func (p *policy) checkKey(e *examination) *refusal {
	set := e.keys[e.issuer]
	if set == nil {
		return &refusal{reasonKeysUnavailable, "the issuer's keys could not be fetched yet"}
	}
	var known bool
	e.usable, known = set.candidates(e.alg, e.kid)
	switch {
	case len(e.usable) > 0:
		return nil
	case e.kid == "":
		return &refusal{reasonKidUnknown, "the token names no key, and not exactly one fits the algorithm"}
	case known:
		return &refusal{reasonAlg, "the key is not one for the algorithm"}
	}
	return &refusal{reasonKidUnknown, "the issuer's key set lacks the kid"}
}

// checkSignature tries the keys of the token's kid, which are a few (maxTwins).
func (p *policy) checkSignature(e *examination) *refusal {
	signed := []byte(e.signed)
	for _, key := range e.usable {
		if verified(e.alg, key.public, signed, e.signature) {
			e.claims = e.payload
			return nil
		}
	}
	return &refusal{reasonSignature, "the signature does not fit the issuer's key"}
}

func (p *policy) checkAudience(e *examination) *refusal {
	return p.issuers[e.issuer].checkAudience(e.payload)
}

func (p *policy) checkDates(e *examination) (r *refusal) {
	if e.dates, r = readDates(e.payload); r != nil {
		return r
	}
	if p.clock.maxAge > 0 && e.dates.issued.IsZero() {
		return &refusal{reasonClaim, "there is no iat, which max_age_seconds needs"}
	}
	return nil
}

func (p *policy) checkClaims(e *examination) *refusal {
	if p.issuers[e.issuer].rfc9068 {
		if r := checkRFC9068(e.payload, e.dates); r != nil {
			return r
		}
	}
	for _, required := range p.requirements {
		if r := required.check(e.payload); r != nil {
			return r
		}
	}
	return nil
}

func (p *policy) checkConfirmation(e *examination) (r *refusal) {
	e.binding, r = readBinding(e.payload, p.constraint)
	return r
}
