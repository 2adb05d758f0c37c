package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
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

// RFC 7518, section 3.5: "The size of the salt value is the same size as the hash function output". Signatures
// with any other salt are good for PKCS #1, which the row says first, and not for JWS.
func TestThePSSSaltIsAsLongAsTheHash(t *testing.T) {
	text, key := []byte("header.payload"), rsaKey()
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		longest := key.Size() - hash.Size() - 2
		for _, salt := range []int{0, 1, 20, 32, 48, 64, longest} {
			t.Run(fmt.Sprintf("%s with a salt of %d", alg, salt), func(t *testing.T) {
				sum := digest(hash, text)
				signature := signedWithSalt(t, key, hash, sum, salt)
				if err := rsa.VerifyPSS(&key.PublicKey, hash, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}); err != nil {
					t.Fatalf("the signature is none: %v", err)
				}
				if got := verified(alg, key.Public(), text, signature); got != (salt == hash.Size()) {
					t.Errorf("verified: %t", got)
				}
			})
		}
	}
}

// signedWithSalt signs with a salt of any length. To crypto/rsa a length of zero means the longest.
func signedWithSalt(t *testing.T, key *rsa.PrivateKey, hash crypto.Hash, sum []byte, salt int) []byte {
	t.Helper()
	if salt == 0 {
		return signedWithoutSalt(key, hash, sum)
	}
	signature, err := rsa.SignPSS(rand.Reader, key, hash, sum, &rsa.PSSOptions{SaltLength: salt})
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// signedWithoutSalt is EMSA-PSS-ENCODE (RFC 8017, section 9.1.1) with an empty salt, for a modulus of whole
// bytes, and RSASP1.
func signedWithoutSalt(key *rsa.PrivateKey, hash crypto.Hash, sum []byte) []byte {
	h := digest(hash, append(make([]byte, 8), sum...))
	db := make([]byte, key.Size()-hash.Size()-1)
	db[len(db)-1] = 1
	for i, mask := range mgf1(hash, h, len(db)) {
		db[i] ^= mask
	}
	db[0] &= 0x7f // the modulus has one bit more than the message
	message := new(big.Int).SetBytes(slices.Concat(db, h, []byte{0xbc}))
	return message.Exp(message, key.D, key.N).FillBytes(make([]byte, key.Size()))
}

// mgf1 is the mask of RFC 8017, appendix B.2.1.
func mgf1(hash crypto.Hash, seed []byte, length int) []byte {
	var out []byte
	for i := uint32(0); len(out) < length; i++ {
		out = append(out, digest(hash, binary.BigEndian.AppendUint32(slices.Clone(seed), i))...)
	}
	return out[:length]
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
