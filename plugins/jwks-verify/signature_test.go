package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"testing"
)

// TestAKeyVerifiesOnlyItsOwnAlgorithms asks below the key set, which offers no other keys.
func TestAKeyVerifiesOnlyItsOwnAlgorithms(t *testing.T) {
	text := []byte("header.payload")
	weak := makeRSA(1024)
	weakSignature, err := rsa.SignPKCS1v15(rand.Reader, weak, crypto.SHA256, digest(crypto.SHA256, text))
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, p256Key(), digest(crypto.SHA512, text))
	if err != nil {
		t.Fatal(err)
	}
	p256Signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	ed := edKey().Public().(ed25519.PublicKey)
	for name, row := range map[string]struct {
		alg       string
		key       crypto.PublicKey
		signature []byte
		want      bool
	}{
		"EdDSA":                             {"EdDSA", ed, ed25519.Sign(edKey(), text), true},
		"an Ed25519 signature named ES256":  {"ES256", ed, ed25519.Sign(edKey(), text), false},
		"an Ed25519 key that is cut":        {"EdDSA", ed[:31], ed25519.Sign(edKey(), text), false},
		"an Ed25519 signature that is cut":  {"EdDSA", ed, ed25519.Sign(edKey(), text)[:63], false},
		"EdDSA with an ECDSA key":           {"EdDSA", p256Key().Public(), p256Signature, false},
		"RSA of 1024 bits":                  {"RS256", weak.Public(), weakSignature, false},
		"P-256 and SHA-512 named ES512":     {"ES512", p256Key().Public(), p256Signature, false},
		"the same, as long as ES512 wants":  {"ES512", p256Key().Public(), append(r.FillBytes(make([]byte, 66)), s.FillBytes(make([]byte, 66))...), false},
		"P-256 and SHA-512 named ES256":     {"ES256", p256Key().Public(), p256Signature, false},
		"an RSA key under an ECDSA name":    {"ES256", rsaKey().Public(), make([]byte, 256), false},
		"an ECDSA key under an RSA name":    {"RS256", p256Key().Public(), p256Signature, false},
		"no algorithm":                      {"", rsaKey().Public(), make([]byte, 256), false},
		"none":                              {"none", rsaKey().Public(), nil, false},
		"a secret in place of a public key": {"HS256", []byte("secret"), make([]byte, 32), false},
		"no key":                            {"RS256", nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verified(row.alg, row.key, text, row.signature); got != row.want {
				t.Errorf("verified: %t", got)
			}
		})
	}
}

// FuzzSignature looks for panics, and for signatures that nobody made.
func FuzzSignature(f *testing.F) {
	for _, alg := range algorithms() {
		f.Add(alg, make([]byte, 64))
		f.Add(alg, make([]byte, 256))
	}
	keys := []crypto.PublicKey{rsaKey().Public(), p256Key().Public(), p384Key().Public(), p521Key().Public(), edKey().Public()}
	f.Fuzz(func(t *testing.T, alg string, signature []byte) {
		for _, key := range keys {
			if verified(alg, key, []byte("header.payload"), signature) {
				t.Errorf("%s by a %T: %x", alg, key, signature)
			}
		}
	})
}
