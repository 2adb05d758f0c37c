package jwksverify

import (
	"fmt"
	"slices"
)

// requirement is a claim that a token must have.
type requirement struct {
	path   claimPath
	values []string // any of them; none for any value
}

func newRequirements(required []RequiredClaim) []requirement {
	out := make([]requirement, len(required))
	for i, r := range required {
		out[i] = requirement{newClaimPath(r.Claim), r.Values}
	}
	return out
}

func (r requirement) check(c claims) *refusal {
	value, found := r.path.in(c)
	switch {
	case !found:
		return &refusal{reasonClaim, fmt.Sprintf("there is no %q", r.path.whole)}
	case len(r.values) > 0 && !r.allows(value):
		return &refusal{reasonClaim, fmt.Sprintf("%q is none of %q", r.path.whole, r.values)}
	}
	return nil
}

// allows tells whether a value, or an element of an array, is one of those required.
func (r requirement) allows(value any) bool {
	elements, several := value.([]any)
	if !several {
		elements = []any{value}
	}
	return slices.ContainsFunc(elements, func(element any) bool {
		text, ok := scalarText(element)
		return ok && slices.Contains(r.values, text)
	})
}

// checkRFC9068 demands the claims of RFC 9068, section 2.2. exp and iss have been read by then, whatever
// the profile.
func checkRFC9068(c claims, d dates) *refusal {
	if d.issued.IsZero() {
		return &refusal{reasonClaim, "there is no iat, which rfc9068 demands"}
	}
	if aud, ok := c.texts("aud"); !ok || len(aud) == 0 {
		return &refusal{reasonClaim, "there is no aud, which rfc9068 demands"}
	}
	for _, name := range [...]string{"sub", "client_id", "jti"} {
		if c.text(name) == "" {
			return &refusal{reasonClaim, "there is no " + name + ", which rfc9068 demands"}
		}
	}
	return nil
}
