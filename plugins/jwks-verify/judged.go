package jwksverify

import "slices"

// judged is what verifying a token came to. It does not change, and can be remembered.
type judged struct {
	found   proof
	refused *refusal
	// undecided tells that a fetch that is to come can turn the refusal, so that the client is to come again.
	undecided bool
}

// verdict is that of a request with the token, as far as it depends on the token alone.
func (j *judged) verdict() verdict {
	v := j.found.verdict(j.refused)
	if j.undecided {
		v.at = inKeys
	}
	return v
}

// doubtsKeys tells that a key may have been replaced under the kid that a token names, or has no name.
func (p *policy) doubtsKeys(j *judged) bool {
	if j.refused == nil || j.found.issuer == noIssuer {
		return false
	}
	switch j.refused.reason {
	case reasonSignature:
		return true
	case reasonAlg: // an algorithm that is not allowed is refused whatever the keys
		return slices.Contains(p.issuers[j.found.issuer].algorithms, j.found.alg)
	}
	return false
}

// wantsKeys tells whether other keys could turn the refusal.
func (j *judged) wantsKeys() bool {
	return j.refused != nil && (j.refused.reason == reasonKidUnknown || j.refused.reason == reasonKeysUnavailable)
}
