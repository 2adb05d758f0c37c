package jwksverify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"strings"
)

// algorithms are the asymmetric ones of RFC 7518, section 3.1, and RFC 8037, section 3.1. None and
// HS* are not among them: a verifier of an issuer's public keys has no use for either.
func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// Bounds on RSA moduli in bits: RFC 7518, section 3.3, wants 2048, and a verification takes 4 times
// the CPU for each doubling.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// algorithmsOf lists the algorithms that a public key can be used with.
func algorithmsOf(key any) ([]string, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("its modulus has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
		}
		return startingWith("RS", "PS"), nil
	case *ecdsa.PublicKey:
		return ecdsaAlgorithm(k.Curve.Params().BitSize), nil
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	}
	return nil, fmt.Errorf("it signs nothing")
}

// ecdsaAlgorithm is the one that belongs to the curve (RFC 7518, section 3.4).
func ecdsaAlgorithm(curveBits int) []string {
	switch curveBits {
	case 256:
		return []string{"ES256"}
	case 384:
		return []string{"ES384"}
	case 521:
		return []string{"ES512"}
	}
	return nil
}

func startingWith(prefixes ...string) []string {
	var out []string
	for _, alg := range algorithms() {
		for _, prefix := range prefixes {
			if strings.HasPrefix(alg, prefix) {
				out = append(out, alg)
			}
		}
	}
	return out
}
