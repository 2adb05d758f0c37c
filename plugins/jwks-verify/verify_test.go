package jwksverify

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// testPolicy takes the default algorithms from testIssuer, and EdDSA from a second issuer.
func testPolicy(algs ...string) *policy {
	if algs == nil {
		algs = []string{"RS256", "PS256", "ES256"}
	}
	return newPolicy(&Config{LeewaySeconds: 10, Issuers: []Issuer{
		{Issuer: testIssuer, Audiences: []string{testAudience, "second-audience"}, Algorithms: algs},
		{Issuer: "https://other.example.test", Audiences: []string{testAudience}, Algorithms: algs},
	}})
}

func TestVerify(t *testing.T) {
	set := keysOf(t,
		jwk("k1", rsaKey(), members{"use": "sig"}),
		jwk("ec", p256Key(), nil),
		jwk("ec384", p384Key(), nil),
		jwk("ps-only", otherRSA(), members{"alg": "PS256"}),
		jwk("path/../k=", rsaKey(), nil),
	)
	otherSet := keysOf(t, jwk("k1", otherRSA(), nil))
	head, good := string(mustJSON(header(nil))), string(mustJSON(goodClaims(nil)))
	publicPEM := []byte("-----BEGIN PUBLIC KEY-----")

	for name, row := range map[string]struct {
		token string
		want  reason
	}{
		"a good RS256 token passes":                {goodToken(), reasonOK},
		"a good PS256 token passes":                {mint(header(members{"alg": "PS256"}), goodClaims(nil), rsaKey()), reasonOK},
		"a good ES256 token passes":                {mint(header(members{"alg": "ES256", "kid": "ec"}), goodClaims(nil), p256Key()), reasonOK},
		"a kid with slashes and equals signs":      {mint(header(members{"kid": "path/../k="}), goodClaims(nil), rsaKey()), reasonOK},
		"no kid passes where one key fits":         {mint(header(members{"alg": "ES256", "kid": nil}), goodClaims(nil), p256Key()), reasonOK},
		"no typ passes":                            {mint(header(members{"typ": nil}), goodClaims(nil), rsaKey()), reasonOK},
		"typ at+jwt passes in any case":            {mint(header(members{"typ": "AT+JWT"}), goodClaims(nil), rsaKey()), reasonOK},
		"typ application/at+jwt passes":            {mint(header(members{"typ": "application/at+jwt"}), goodClaims(nil), rsaKey()), reasonOK},
		"aud as an array with one of ours passes":  {mint(header(nil), goodClaims(members{"aud": []string{"x", "second-audience"}}), rsaKey()), reasonOK},
		"an unknown header member is ignored":      {mint(header(members{"b65": false}), goodClaims(nil), rsaKey()), reasonOK},
		"an embedded jwk is ignored by a good key": {mint(header(members{"jwk": jwk("k1", otherRSA(), nil)}), goodClaims(nil), rsaKey()), reasonOK},

		"alg none, without a signature":             {segment(sign(`{"alg":"none","kid":"k1"}`, good, jwt.UnsafeAllowNoneSignatureType), 2, ""), reasonAlg},
		"alg None":                                  {segment(sign(`{"alg":"None","kid":"k1"}`, good, rsaKey()), 2, ""), reasonAlg},
		"alg nOnE with a signature":                 {sign(`{"alg":"nOnE","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"alg empty":                                 {sign(`{"alg":"","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"alg missing":                               {sign(`{"kid":"k1"}`, good, rsaKey()), reasonAlg},
		"alg a number":                              {sign(`{"alg":256,"kid":"k1"}`, good, rsaKey()), reasonAlg},
		"alg in lower case":                         {sign(`{"alg":"rs256","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"alg with a Cyrillic look-alike":            {sign(`{"alg":"RЅ256","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"HS256 keyed with the public key":           {sign(`{"alg":"HS256","kid":"k1"}`, good, publicPEM), reasonAlg},
		"an algorithm off the issuer's list":        {sign(`{"alg":"RS512","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"ES384 off the list with its own key":       {sign(`{"alg":"ES384","kid":"ec384"}`, good, p384Key()), reasonAlg},
		"a key of another type under the kid":       {sign(`{"alg":"ES256","kid":"k1"}`, good, p256Key()), reasonAlg},
		"RS256 with a key that is for PS256":        {sign(`{"alg":"RS256","kid":"ps-only"}`, good, otherRSA()), reasonAlg},
		"ES256 with a key on another curve":         {sign(`{"alg":"ES256","kid":"ec384"}`, good, p256Key()), reasonAlg},
		"an unknown kid":                            {mint(header(members{"kid": "k2"}), goodClaims(nil), rsaKey()), reasonKidUnknown},
		"a kid that is SQL":                         {mint(header(members{"kid": "k1' OR '1'='1"}), goodClaims(nil), rsaKey()), reasonKidUnknown},
		"a kid in another case":                     {mint(header(members{"kid": "K1"}), goodClaims(nil), rsaKey()), reasonKidUnknown},
		"a member KID is not kid":                   {mint(header(members{"kid": nil, "KID": "k1"}), goodClaims(nil), rsaKey()), reasonKidUnknown},
		"no kid where several keys fit":             {mint(header(members{"kid": nil}), goodClaims(nil), rsaKey()), reasonKidUnknown},
		"an empty kid":                              {mint(header(members{"kid": ""}), goodClaims(nil), rsaKey()), reasonMalformed},
		"a kid that is a number":                    {mint(header(members{"kid": 1}), goodClaims(nil), rsaKey()), reasonMalformed},
		"a kid that is an array":                    {mint(header(members{"kid": []string{"k1"}}), goodClaims(nil), rsaKey()), reasonMalformed},
		"a kid of 257 bytes":                        {mint(header(members{"kid": strings.Repeat("k", 257)}), goodClaims(nil), rsaKey()), reasonMalformed},
		"another issuer's key of the same kid":      {mint(header(nil), goodClaims(members{"iss": "https://other.example.test"}), rsaKey()), reasonSignature},
		"our issuer's token by another's key":       {mint(header(nil), goodClaims(nil), otherRSA()), reasonSignature},
		"an embedded jwk that fits the signature":   {mint(header(members{"jwk": jwk("k1", otherRSA(), nil)}), goodClaims(nil), otherRSA()), reasonSignature},
		"jku, x5u and x5c of the attacker's":        {mint(header(members{"jku": "https://evil.test", "x5u": "https://evil.test", "x5c": []string{"AA"}}), goodClaims(nil), otherRSA()), reasonSignature},
		"a payload changed after signing":           {segment(goodToken(), 1, b64(mustJSON(goodClaims(members{"sub": "admin"})))), reasonSignature},
		"a header changed after signing":            {segment(goodToken(), 0, b64(mustJSON(header(members{"typ": "at+jwt"})))), reasonSignature},
		"an empty signature":                        {segment(goodToken(), 2, ""), reasonSignature},
		"a signature of zeros for ES256":            {segment(sign(`{"alg":"ES256","kid":"ec"}`, good, p256Key()), 2, b64(make([]byte, 64))), reasonSignature},
		"crit, even of an empty list":               {mint(header(members{"crit": []string{}}), goodClaims(nil), rsaKey()), reasonMalformed},
		"crit with b64":                             {mint(header(members{"crit": []string{"b64"}, "b64": false}), goodClaims(nil), rsaKey()), reasonMalformed},
		"crit that is null":                         {sign(`{"alg":"RS256","kid":"k1","crit":null}`, good, rsaKey()), reasonMalformed},
		"a logout token":                            {mint(header(members{"typ": "logout+jwt"}), goodClaims(nil), rsaKey()), reasonType},
		"typ a number":                              {mint(header(members{"typ": 7}), goodClaims(nil), rsaKey()), reasonType},
		"no iss":                                    {mint(header(nil), goodClaims(members{"iss": nil}), rsaKey()), reasonIssuer},
		"an unknown iss":                            {mint(header(nil), goodClaims(members{"iss": "https://evil.test"}), rsaKey()), reasonIssuer},
		"iss with a slash at its end":               {mint(header(nil), goodClaims(members{"iss": testIssuer + "/"}), rsaKey()), reasonIssuer},
		"iss as an array":                           {mint(header(nil), goodClaims(members{"iss": []string{testIssuer}}), rsaKey()), reasonIssuer},
		"ISS does not stand for iss":                {mint(header(nil), goodClaims(members{"iss": nil, "ISS": testIssuer}), rsaKey()), reasonIssuer},
		"ISS does not override iss":                 {mint(header(nil), goodClaims(members{"ISS": "https://evil.test"}), rsaKey()), reasonOK},
		"no aud":                                    {mint(header(nil), goodClaims(members{"aud": nil}), rsaKey()), reasonAudience},
		"another aud":                               {mint(header(nil), goodClaims(members{"aud": "https://other.test"}), rsaKey()), reasonAudience},
		"aud that starts with ours":                 {mint(header(nil), goodClaims(members{"aud": testAudience + "/x"}), rsaKey()), reasonAudience},
		"an empty aud array":                        {mint(header(nil), goodClaims(members{"aud": []string{}}), rsaKey()), reasonAudience},
		"an aud array with a number in it":          {mint(header(nil), goodClaims(members{"aud": []any{testAudience, 1}}), rsaKey()), reasonAudience},
		"aud as an object":                          {mint(header(nil), goodClaims(members{"aud": members{testAudience: true}}), rsaKey()), reasonAudience},
		"a token bound to a DPoP key":               {mint(header(nil), goodClaims(members{"cnf": members{"jkt": "x"}}), rsaKey()), reasonBinding},
		"a token bound to a certificate":            {mint(header(nil), goodClaims(members{"cnf": members{"x5t#S256": "x"}}), rsaKey()), reasonBinding},
		"duplicate iss, the last ours":              {sign(head, `{"iss":"https://evil.test",`+good[1:], rsaKey()), reasonMalformed},
		"duplicate iss, one written with an escape": {sign(head, `{"\u0069ss":"https://evil.test",`+good[1:], rsaKey()), reasonMalformed},
		"duplicate members in a nested object":      {sign(head, `{"x":{"a":1,"a":2},`+good[1:], rsaKey()), reasonMalformed},
		"duplicate alg":                             {sign(`{"alg":"none",`+head[1:], good, rsaKey()), reasonMalformed},
		"data after the payload's object":           {sign(head, good+`{"sub":"admin"}`, rsaKey()), reasonMalformed},
		"data after the header's object":            {sign(head+`x`, good, rsaKey()), reasonMalformed},
		"a payload that is an array":                {sign(head, `[`+good+`]`, rsaKey()), reasonMalformed},
		"a payload that is null":                    {sign(head, `null`, rsaKey()), reasonMalformed},
		"an empty payload":                          {sign(head, ``, rsaKey()), reasonMalformed},
		"a payload that is not UTF-8":               {sign(head, `{"x":"`+"\xff"+`",`+good[1:], rsaKey()), reasonMalformed},
		"a payload that nests too deep":             {sign(head, `{"x":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+`,`+good[1:], rsaKey()), reasonMalformed},
		"a number that no float64 holds":            {sign(head, `{"x":1e999,`+good[1:], rsaKey()), reasonMalformed},
		"base64 with padding":                       {segment(goodToken(), 1, b64([]byte(good))+"=="), reasonMalformed},
		"base64 of the other alphabet":              {segment(goodToken(), 1, "+/+/"), reasonMalformed},
		"base64 with a line break":                  {strings.Replace(goodToken(), ".", "\n.", 1), reasonMalformed},
		"base64 with bits left over":                {segment(goodToken(), 0, "e31"), reasonMalformed},
		"a signature with bits left over":           {leftOver(goodToken()), reasonMalformed},
		"a signature that is not base64":            {segment(goodToken(), 2, "!!"), reasonMalformed},
		"two segments":                              {"a.b", reasonMalformed},
		"five segments, as a JWE has":               {"a.b.c.d.e", reasonMalformed},
		"nothing at all":                            {"", reasonMalformed},
		"16 KiB of dots":                            {strings.Repeat(".", 16<<10), reasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			v := testPolicy().verify(row.token, []*keySet{set, otherSet}, testNow)
			if v.reason != row.want {
				t.Errorf("got %s (%s), want %s", v.reason, v.detail, row.want)
			}
			if (v.claims != nil) != (row.want == reasonOK) {
				t.Errorf("claims are handed on: %t, with reason %s", v.claims != nil, v.reason)
			}
		})
	}
}

// leftOver sets a bit that the last character of a 256-byte signature has and its bytes have not.
func leftOver(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])|1])
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

func TestVerifyTimes(t *testing.T) {
	set := keysOf(t, jwk("k1", rsaKey(), nil))
	at := func(d time.Duration) float64 { return float64(testNow.Add(d).UnixMilli()) / 1000 }
	for name, row := range map[string]struct {
		claims members
		want   reason
	}{
		"expired within the leeway":              {members{"exp": at(-9999 * time.Millisecond)}, reasonOK},
		"expired by exactly the leeway":          {members{"exp": at(-10 * time.Second)}, reasonExpired},
		"expired long ago":                       {members{"exp": 0}, reasonExpired},
		"nbf ahead by exactly the leeway":        {members{"nbf": at(10 * time.Second)}, reasonOK},
		"nbf ahead by more than the leeway":      {members{"nbf": at(10001 * time.Millisecond)}, reasonNotYetValid},
		"nbf in the past":                        {members{"nbf": at(-time.Hour)}, reasonOK},
		"no exp":                                 {members{"exp": nil}, reasonMalformed},
		"exp as a string":                        {members{"exp": "1900000000"}, reasonMalformed},
		"exp as null":                            {members{"exp": (*int)(nil)}, reasonMalformed},
		"exp in an array":                        {members{"exp": []int{1900000000}}, reasonMalformed},
		"exp beyond the year 9999":               {members{"exp": 253402300800}, reasonMalformed},
		"exp that overflows an int64":            {members{"exp": 1e19}, reasonMalformed},
		"exp negative":                           {members{"exp": -1}, reasonMalformed},
		"nbf that overflows into the past":       {members{"nbf": 1e19}, reasonMalformed},
		"nbf of 1e308":                           {members{"nbf": 1e308}, reasonMalformed},
		"nbf as a string":                        {members{"nbf": "0"}, reasonMalformed},
		"iat as a boolean":                       {members{"iat": true}, reasonMalformed},
		"Exp does not stand for exp":             {members{"exp": nil, "Exp": 1900000000}, reasonMalformed},
		"expired and for another audience":       {members{"exp": 1, "aud": "x"}, reasonAudience},
		"a date with a fraction and an exponent": {members{"exp": 1.8000000605e9}, reasonOK},
	} {
		t.Run(name, func(t *testing.T) {
			token := mint(header(nil), goodClaims(row.claims), rsaKey())
			if v := testPolicy().verify(token, []*keySet{set, nil}, testNow); v.reason != row.want {
				t.Errorf("got %s (%s), want %s", v.reason, v.detail, row.want)
			}
		})
	}
}

func TestVerifyWithoutKeysSaysSoBeforeAnythingIsProven(t *testing.T) {
	v := testPolicy().verify(goodToken(), []*keySet{nil, nil}, testNow)
	if v.reason != reasonKeysUnavailable || v.issuer != 0 || v.kid != "k1" {
		t.Errorf("got %s, issuer %d, kid %q", v.reason, v.issuer, v.kid)
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
