package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// Bounds on RSA moduli in bits: RFC 7518, section 3.3, wants 2048, and a verification takes 4 times
// the CPU for each doubling.
const (
	smallestRSA = 2048
	largestRSA  = 8192
)

// rsaKey reads a key of RFC 7518, section 6.3.1; it serves PKCS #1 v1.5 and PSS alike.
func (m jwkMembers) rsaKey() (crypto.PublicKey, []string, error) {
	modulus, err := m.bytes("n")
	if err != nil {
		return nil, nil, err
	}
	exponent, err := m.bytes("e")
	if err != nil {
		return nil, nil, err
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if bits := n.BitLen(); bits < smallestRSA || bits > largestRSA {
		return nil, nil, fmt.Errorf("its modulus has %d bits, not %d to %d", bits, smallestRSA, largestRSA)
	}
	// An exponent of 1 makes every text its own signature, and crypto/rsa takes none above 31 bits.
	if n.Bit(0) == 0 || e.Bit(0) == 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > math.MaxInt32 {
		return nil, nil, errors.New("its modulus or its exponent is not one of RSA")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
}

// ecKey reads a key of RFC 7518, section 6.2.1. Each algorithm has a curve of its own (section 3.4).
func (m jwkMembers) ecKey() (crypto.PublicKey, []string, error) {
	curve, alg := ecCurve(m["crv"])
	if curve == nil {
		return nil, nil, errors.New("its curve is not one that we know")
	}
	x, err := m.bytes("x")
	if err != nil {
		return nil, nil, err
	}
	y, err := m.bytes("y")
	if err != nil {
		return nil, nil, err
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(x) != size || len(y) != size {
		return nil, nil, errors.New("its coordinates have not the length of its curve")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, nil, errors.New("its point is not on its curve")
	}
	return public, []string{alg}, nil
}

func ecCurve(crv any) (elliptic.Curve, string) {
	switch crv {
	case "P-256":
		return elliptic.P256(), "ES256"
	case "P-384":
		return elliptic.P384(), "ES384"
	case "P-521":
		return elliptic.P521(), "ES512"
	}
	return nil, ""
}

// edwardsKey reads a key of RFC 8037, section 2.
func (m jwkMembers) edwardsKey() (crypto.PublicKey, []string, error) {
	if m["crv"] != "Ed25519" {
		return nil, nil, errors.New("its curve is not one that signs")
	}
	x, err := m.bytes("x")
	if err != nil {
		return nil, nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, nil, errors.New("its x has not the length of its curve")
	}
	return ed25519.PublicKey(x), []string{"EdDSA"}, nil
}

// bytes decodes a member, strictly: without padding, line breaks or bits left over.
func (m jwkMembers) bytes(name string) ([]byte, error) {
	text, err := m.text(name)
	if err != nil {
		return nil, err
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(data) == 0 || base64.RawURLEncoding.EncodedLen(len(data)) != len(text) {
		return nil, fmt.Errorf("its %s is not base64url", name)
	}
	return data, nil
}
