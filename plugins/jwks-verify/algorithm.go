package jwksverify

// algorithms are the asymmetric ones of RFC 7518, section 3.1, and RFC 8037, section 3.1. None and
// HS* are not among them: a verifier of an issuer's public keys has no use for either.
func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}
