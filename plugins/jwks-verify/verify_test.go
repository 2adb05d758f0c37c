package jwksverify

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testKeys are the keys of testIssuer in most tests: k1 is rsaKey.
func testKeys(t testing.TB) []*keySet {
	return []*keySet{keysOf(t,
		jwk("k1", rsaKey(), members{"use": "sig"}),
		jwk("ec", p256Key(), nil),
		jwk("ec384", p384Key(), nil),
		jwk("ps-only", otherRSA(), members{"alg": "PS256"}),
		jwk("path/../k=", rsaKey(), nil),
	), keysOf(t, jwk("k1", otherRSA(), nil))}
}

// tokenRow is a token and what becomes of it.
type tokenRow struct {
	token string
	want  reason
}

// checkTokens judges tokens by a policy, at testNow, with testKeys.
func checkTokens(t *testing.T, p *policy, rows map[string]tokenRow) {
	t.Helper()
	keys := testKeys(t)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		t.Run(name, func(t *testing.T) {
			v := p.verify(rows[name].token, keys, testNow)
			if v.reason != rows[name].want {
				t.Errorf("got %s (%s), want %s", v.reason, v.detail, rows[name].want)
			}
		})
	}
}

// with is a good token with claims of its own.
func with(more members) string { return mint(header(nil), goodClaims(more), rsaKey()) }

// headed is a good token with header members of its own.
func headed(more members) string { return mint(header(more), goodClaims(nil), rsaKey()) }

func TestGoodTokensPass(t *testing.T) {
	checkTokens(t, testPolicy(), map[string]tokenRow{
		"RS256":                               {goodToken(), reasonOK},
		"PS256":                               {headed(members{"alg": "PS256"}), reasonOK},
		"PS256 with a key for that alone":     {mint(header(members{"alg": "PS256", "kid": "ps-only"}), goodClaims(nil), otherRSA()), reasonOK},
		"ES256":                               {mint(header(members{"alg": "ES256", "kid": "ec"}), goodClaims(nil), p256Key()), reasonOK},
		"a kid with slashes and equals signs": {headed(members{"kid": "path/../k="}), reasonOK},
		"no kid where one key fits":           {mint(header(members{"alg": "ES256", "kid": nil}), goodClaims(nil), p256Key()), reasonOK},
		"no typ":                              {headed(members{"typ": nil}), reasonOK},
		"typ at+jwt in any case":              {headed(members{"typ": "AT+JWT"}), reasonOK},
		"typ application/at+jwt":              {headed(members{"typ": "application/at+jwt"}), reasonOK},
		"aud as an array with one of ours":    {with(members{"aud": []string{"x", "second-audience"}}), reasonOK},
		"an unknown header member":            {headed(members{"b65": false}), reasonOK},
		"an embedded jwk beside a good key":   {headed(members{"jwk": jwk("k1", otherRSA(), nil)}), reasonOK},
		"another issuer's by its own key":     {mint(header(nil), goodClaims(members{"iss": "https://other.example.test"}), otherRSA()), reasonOK},
		"space around the JSON":               {sign(" \n"+string(mustJSON(header(nil)))+"\t", "\r\n"+string(mustJSON(goodClaims(nil)))+" ", rsaKey()), reasonOK},
	})
}

func TestAProofHoldsWhatTheTokenSays(t *testing.T) {
	token := with(members{"nbf": testNow.Unix() - 5, "iat": float64(testNow.Unix()) - 0.5, "list": []any{1, "a", nil, true}, "deep": members{"x": 1.5e3}})
	found, r := testPolicy().authenticate(token, testKeys(t))
	if r != nil {
		t.Fatal(r)
	}
	if found.issuer != 0 || found.kid != "k1" || found.alg != "RS256" || found.binding.bound || found.lacking != nil {
		t.Errorf("got %+v", found)
	}
	want := dates{issued: testNow.Add(-500 * time.Millisecond), notBefore: testNow.Add(-5 * time.Second), expires: testNow.Add(time.Minute)}
	if found.dates != want {
		t.Errorf("dates %v, want %v", found.dates, want)
	}
	text := mustJSON(found.claims)
	if diff := cmp.Diff(string(mustJSON(goodClaims(members{
		"nbf": testNow.Unix() - 5, "iat": float64(testNow.Unix()) - 0.5, "list": []any{1, "a", nil, true}, "deep": members{"x": 1500},
	}))), string(text)); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestARefusedTokenIsDescribedWithoutItsClaims(t *testing.T) {
	found, r := testPolicy().authenticate(segment(goodToken(), 2, ""), testKeys(t))
	if r == nil || r.reason != reasonSignature {
		t.Fatalf("got %v", r)
	}
	if diff := cmp.Diff(proof{kid: "k1", alg: "RS256"}, found, cmp.AllowUnexported(proof{}, dates{}, binding{})); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
}

func TestVerifyEveryAlgorithm(t *testing.T) {
	set := keysOf(t, jwk("rsa", rsaKey(), nil), jwk("ec", p256Key(), nil), jwk("ec384", p384Key(), nil),
		jwk("ec521", p521Key(), nil), jwk("ed", edKey(), nil))
	signers := map[string]any{"rsa": rsaKey(), "ec": p256Key(), "ec384": p384Key(), "ec521": p521Key(), "ed": edKey()}
	kids := map[string]string{
		"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
		"ES256": "ec", "ES384": "ec384", "ES512": "ec521", "EdDSA": "ed",
	}
	for _, alg := range algorithms() {
		t.Run(alg, func(t *testing.T) {
			token := mint(header(members{"alg": alg, "kid": kids[alg]}), goodClaims(nil), signers[kids[alg]])
			if v := testPolicy(algorithms()...).verify(token, []*keySet{set, nil}, testNow); v.reason != reasonOK {
				t.Errorf("a good token: %s (%s)", v.reason, v.detail)
			}
			for _, other := range algorithms() {
				if other == alg {
					continue
				}
				if v := testPolicy(other).verify(token, []*keySet{set, nil}, testNow); v.reason != reasonAlg {
					t.Errorf("where only %s is allowed: %s", other, v.reason)
				}
			}
		})
	}
}

func TestKeysOfOneKidAreTriedByFit(t *testing.T) {
	set := keysOf(t, jwk("k1", otherRSA(), nil), jwk("k1", p256Key(), nil), jwk("k1", rsaKey(), nil))
	for alg, signer := range map[string]any{"RS256": rsaKey(), "PS256": rsaKey(), "ES256": p256Key()} {
		token := mint(header(members{"alg": alg}), goodClaims(nil), signer)
		if v := testPolicy().verify(token, []*keySet{set, nil}, testNow); v.reason != reasonOK {
			t.Errorf("%s: %s (%s)", alg, v.reason, v.detail)
		}
	}
	stranger := mint(header(nil), goodClaims(nil), makeRSA(2048))
	if v := testPolicy().verify(stranger, []*keySet{set, nil}, testNow); v.reason != reasonSignature {
		t.Errorf("a key that is not in the set: %s", v.reason)
	}
}

func TestTypesAreTheIssuersOwn(t *testing.T) {
	for name, row := range map[string]struct {
		allowed []string
		typ     any
		want    reason
	}{
		"a type in another case":                     {[]string{"AT+JWT"}, "at+Jwt", reasonOK},
		"a type with the prefix that is left out":    {[]string{"application/secevent+jwt"}, "secevent+jwt", reasonOK},
		"a type without the prefix that is there":    {[]string{"jwt"}, "application/jwt", reasonOK},
		"none where absent is allowed":               {[]string{"at+jwt", "absent"}, nil, reasonOK},
		"none where absent is not allowed":           {[]string{"at+jwt"}, nil, reasonType},
		"the word absent is no type":                 {[]string{"absent"}, "absent", reasonType},
		"JWT where only at+jwt is allowed":           {[]string{"at+jwt"}, "JWT", reasonType},
		"another tree of media types":                {[]string{"at+jwt"}, "text/at+jwt", reasonType},
		"an empty type":                              {[]string{"JWT", "absent"}, "", reasonType},
		"a type that is too long":                    {[]string{"JWT", "absent"}, string(make([]byte, 65)), reasonType},
		"a type that is null":                        {[]string{"JWT", "absent"}, (*int)(nil), reasonType},
		"a type in full-width letters":               {[]string{"JWT"}, "ＪＷＴ", reasonType},
		"a type with a letter that folds into ASCII": {[]string{"jwk"}, "jw\u212a", reasonType},
	} {
		t.Run(name, func(t *testing.T) {
			p := policyWith(func(c *Config) { c.Issuers[0].Typ = row.allowed })
			checkTokens(t, p, map[string]tokenRow{"token": {headed(members{"typ": row.typ}), row.want}})
		})
	}
}

func TestAnyAudience(t *testing.T) {
	p := policyWith(func(c *Config) { c.Issuers[0].Audiences, c.Issuers[0].InsecureAnyAudience = nil, true })
	checkTokens(t, p, map[string]tokenRow{
		"another audience": {with(members{"aud": "https://other.test"}), reasonOK},
		"no audience":      {with(members{"aud": nil}), reasonOK},
		"the other issuer still has audiences of its own": {
			mint(header(nil), goodClaims(members{"iss": "https://other.example.test", "aud": "x"}), otherRSA()), reasonAudience},
	})
}

func TestVerifyWithoutKeysSaysSoBeforeAnythingIsProven(t *testing.T) {
	v := testPolicy().verify(goodToken(), []*keySet{nil, nil}, testNow)
	if v.reason != reasonKeysUnavailable || v.issuer != 0 || v.kid != "k1" {
		t.Errorf("got %s, issuer %d, kid %q", v.reason, v.issuer, v.kid)
	}
}

func TestConfigurationsHaveDigestsOfTheirOwn(t *testing.T) {
	one, same := testPolicy(), testPolicy()
	if one.digest != same.digest {
		t.Error("the same configuration has two digests")
	}
	if other := policyWith(func(c *Config) { c.RequiredScopes = []string{"x"} }); other.digest == one.digest {
		t.Error("two configurations have one digest")
	}
}

// FuzzVerify looks for panics, and for tokens that pass without the issuer's signature.
func FuzzVerify(f *testing.F) {
	good := goodToken()
	f.Add(good)
	f.Add(segment(good, 2, ""))
	f.Add(sign(`{"alg":"HS256","kid":"k1"}`, string(mustJSON(goodClaims(nil))), []byte("k")))
	f.Add("a.b.c")
	set := keysOf(f, jwk("k1", rsaKey(), nil), jwk("ec", p256Key(), nil), jwk("ed", edKey(), nil))
	p := testPolicy(algorithms()...)
	f.Fuzz(func(t *testing.T, token string) {
		if v := p.verify(token, []*keySet{set, nil}, testNow); v.reason == reasonOK && token != good {
			t.Errorf("a token that nobody signed passed: %q", token)
		}
	})
}
