package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // for hashOf
	_ "crypto/sha512"
	"math/big"
	"strings"
)

// verified tells whether a key made the signature by an algorithm of RFC 7518 or RFC 8037. A key that is
// not one for the algorithm made none, whatever it stands under.
func verified(alg string, key crypto.PublicKey, signed, signature []byte) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return verifiedRSA(alg, k, signed, signature)
	case *ecdsa.PublicKey:
		return verifiedECDSA(alg, k, signed, signature)
	case ed25519.PublicKey:
		return alg == "EdDSA" && len(k) == ed25519.PublicKeySize && ed25519.Verify(k, signed, signature)
	}
	return false
}

// verifiedRSA leaves the signature's length to crypto/rsa: it must be that of the modulus.
func verifiedRSA(alg string, key *rsa.PublicKey, signed, signature []byte) bool {
	if bits := key.N.BitLen(); bits < smallestRSA || bits > largestRSA {
		return false
	}
	hash := hashOf(alg)
	switch alg {
	case "RS256", "RS384", "RS512":
		return rsa.VerifyPKCS1v15(key, hash, digest(hash, signed), signature) == nil
	case "PS256", "PS384", "PS512":
		// RFC 7518, section 3.5: "The size of the salt value is the same size as the hash function output".
		options := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(key, hash, digest(hash, signed), signature, &options) == nil
	}
	return false
}

// verifiedECDSA reads R and S, each as long as the curve's order (RFC 7518, section 3.4). It leaves to
// crypto/ecdsa that they are neither zero nor beyond the order.
func verifiedECDSA(alg string, key *ecdsa.PublicKey, signed, signature []byte) bool {
	curve := curveOf(alg)
	if curve == nil || key.Curve != curve {
		return false
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(key, digest(hashOf(alg), signed), r, s)
}

// curveOf is the one curve of an algorithm (RFC 7518, section 3.4), nil for none.
func curveOf(alg string) elliptic.Curve {
	switch alg {
	case "ES256":
		return elliptic.P256()
	case "ES384":
		return elliptic.P384()
	case "ES512":
		return elliptic.P521()
	}
	return nil
}

// hashOf is the hash function that RS*, PS* and ES* name by its size.
func hashOf(alg string) crypto.Hash {
	switch {
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	case strings.HasSuffix(alg, "512"):
		return crypto.SHA512
	}
	return crypto.SHA256
}

func digest(hash crypto.Hash, text []byte) []byte {
	h := hash.New()
	h.Write(text)
	return h.Sum(nil)
}
