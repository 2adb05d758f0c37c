package jwksverify

// judged is what verifying a token came to. It does not change, and can be remembered.
type judged struct {
	found   proof
	refused *refusal
}

// doubtsKeys tells that a key may have been replaced under the kid that the token names, or has no name.
func (j *judged) doubtsKeys() bool {
	return j.refused != nil && (j.refused.reason == reasonSignature || j.refused.reason == reasonAlg && j.found.issuer != noIssuer)
}

// wantsKeys tells whether other keys could turn the refusal.
func (j *judged) wantsKeys() bool {
	return j.refused != nil && (j.refused.reason == reasonKidUnknown || j.refused.reason == reasonKeysUnavailable)
}
