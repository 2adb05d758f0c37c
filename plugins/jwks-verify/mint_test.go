package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The world of the tests: one issuer, its client, and the time.
const (
	testIssuer   = "https://auth.example.test/as"
	testAudience = "https://api.example.test"
	testClient   = "partner-1"
)

var testNow = time.Unix(1_800_000_000, 0)

// pemOf is a certificate for a key, and the key.
func pemOf(t testing.TB, key crypto.Signer) (certificate, private string) {
	t.Helper()
	block := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return block("CERTIFICATE", derOf(t, key), nil), block("PRIVATE KEY", der, err)
}

// derOf is a certificate for a key.
func derOf(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: testNow}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// members is a JSON object.
type members = map[string]any

// Keys are dear to make: one of each for the whole run.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	p256Key  = sync.OnceValue(func() *ecdsa.PrivateKey { return makeECDSA(elliptic.P256()) })
	p384Key  = sync.OnceValue(func() *ecdsa.PrivateKey { return makeECDSA(elliptic.P384()) })
	p521Key  = sync.OnceValue(func() *ecdsa.PrivateKey { return makeECDSA(elliptic.P521()) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey { _, key, _ := ed25519.GenerateKey(rand.Reader); return key })
)

func makeRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func makeECDSA(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// jwk is a signer's public key as a JWK, with further members.
func jwk(kid string, signer crypto.Signer, more members) members {
	out := members{"kid": kid}
	switch public := signer.Public().(type) {
	case *rsa.PublicKey:
		maps.Copy(out, members{"kty": "RSA", "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())})
	case *ecdsa.PublicKey:
		size := (public.Curve.Params().BitSize + 7) / 8
		point, _ := public.Bytes()
		maps.Copy(out, members{"kty": "EC", "crv": public.Curve.Params().Name, "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])})
	case ed25519.PublicKey:
		maps.Copy(out, members{"kty": "OKP", "crv": "Ed25519", "x": b64(public)})
	}
	maps.Copy(out, more)
	return out
}

// jwks is a key set's JSON.
func jwks(keys ...members) []byte { return mustJSON(members{"keys": keys}) }

func keysOf(t testing.TB, keys ...members) *keySet {
	t.Helper()
	set, err := readKeySet(jwks(keys...))
	if err != nil {
		t.Fatalf("reading the test's own keys: %v", err)
	}
	return set
}

// goodClaims are those of a token that passes at testNow; more replaces or, being nil, removes.
func goodClaims(more members) members {
	out := members{
		"iss": testIssuer, "aud": testAudience, "client_id": testClient, "sub": "user-7",
		"exp": testNow.Unix() + 60, "iat": testNow.Unix(), "tier": "gold",
	}
	return without(out, more)
}

func header(more members) members {
	return without(members{"alg": "RS256", "typ": "JWT", "kid": "k1"}, more)
}

func without(base, more members) members {
	maps.Copy(base, more)
	maps.DeleteFunc(base, func(_ string, value any) bool { return value == nil })
	return base
}

// mint signs a token whose two objects are marshaled.
func mint(head, payload members, key any) string {
	return sign(string(mustJSON(head)), string(mustJSON(payload)), key)
}

// sign signs any two texts by the alg that the header names, RS256 where golang-jwt knows none such.
func sign(head, payload string, key any) string {
	var h struct {
		Alg string `json:"alg"`
	}
	_ = json.Unmarshal([]byte(head), &h)
	method := jwt.GetSigningMethod(h.Alg)
	if method == nil {
		method = jwt.SigningMethodRS256
	}
	text := b64([]byte(head)) + "." + b64([]byte(payload))
	signature, err := method.Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + b64(signature)
}

// testPolicy takes two issuers' tokens; algs are the default algorithms unless given.
func testPolicy(algs ...string) *policy {
	return policyWith(func(c *Config) { setAlgorithms(c, algs) })
}

func setAlgorithms(c *Config, algs []string) {
	for i := range c.Issuers {
		if algs != nil {
			c.Issuers[i].Algorithms = algs
		}
	}
}

// policyWith changes the configuration that testPolicy is of.
func policyWith(change func(*Config)) *policy {
	c := testConfig()
	change(&c)
	return newPolicy(&c)
}

// testConfig takes two issuers' tokens.
func testConfig() Config {
	issuer := func(name string, audiences ...string) Issuer {
		return Issuer{
			Issuer: name, JWKSURI: name + "/jwks", Audiences: audiences, Algorithms: []string{"RS256", "PS256", "ES256"},
			Typ: []string{"JWT", "at+jwt", "application/at+jwt", typAbsent}, Profile: profileNone,
		}
	}
	return Config{LeewaySeconds: 10, SenderConstraint: constraintOff, RequiredScopesMatch: matchAll, Issuers: []Issuer{
		issuer(testIssuer, testAudience, "second-audience"), issuer("https://other.example.test", testAudience),
	}}
}

// verify judges a token whose client has shown no certificate.
func (p *policy) verify(raw string, keys []*keySet, now time.Time) verdict {
	found, r := p.authenticate(raw, keys)
	if r == nil {
		r = p.admit(&found, circumstances{now: now, certificate: presented{err: errNoCertificate}})
	}
	return found.verdict(r)
}

func goodToken() string { return mint(header(nil), goodClaims(nil), rsaKey()) }

// segment replaces one of a token's segments.
func segment(token string, i int, text string) string {
	parts := strings.Split(token, ".")
	parts[i] = text
	return strings.Join(parts, ".")
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
