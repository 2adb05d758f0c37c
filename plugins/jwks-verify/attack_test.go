package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// The tests of this file are attacks that are known, by what they aim at.

func TestAttacksOnTheAlgorithm(t *testing.T) {
	good := string(mustJSON(goodClaims(nil)))
	publicPEM := []byte("-----BEGIN PUBLIC KEY-----")
	rows := map[string]tokenRow{
		"none, without a signature":            {segment(sign(`{"alg":"none","kid":"k1"}`, good, jwt.UnsafeAllowNoneSignatureType), 2, ""), reasonAlg},
		"none, with a signature":               {sign(`{"alg":"none","kid":"k1"}`, good, jwt.UnsafeAllowNoneSignatureType) + "AAAA", reasonAlg},
		"no alg":                               {sign(`{"kid":"k1"}`, good, rsaKey()), reasonAlg},
		"a number":                             {sign(`{"alg":256,"kid":"k1"}`, good, rsaKey()), reasonAlg},
		"null":                                 {sign(`{"alg":null,"kid":"k1"}`, good, rsaKey()), reasonAlg},
		"a list":                               {sign(`{"alg":["RS256"],"kid":"k1"}`, good, rsaKey()), reasonAlg},
		"ALG does not stand for alg":           {sign(`{"ALG":"RS256","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"ALG does not override alg":            {sign(`{"ALG":"none","alg":"RS256","kid":"k1"}`, good, rsaKey()), reasonOK},
		"an algorithm off the issuer's list":   {sign(`{"alg":"RS512","kid":"k1"}`, good, rsaKey()), reasonAlg},
		"ES384 off the list with its own key":  {sign(`{"alg":"ES384","kid":"ec384"}`, good, p384Key()), reasonAlg},
		"a key of another type under the kid":  {sign(`{"alg":"ES256","kid":"k1"}`, good, p256Key()), reasonAlg},
		"RS256 with a key that is for PS256":   {sign(`{"alg":"RS256","kid":"ps-only"}`, good, otherRSA()), reasonAlg},
		"ES256 with a key on another curve":    {sign(`{"alg":"ES256","kid":"ec384"}`, good, p256Key()), reasonAlg},
		"a PKCS #1 v1.5 signature named PS256": {renamed(goodToken(), `{"alg":"PS256","kid":"k1"}`), reasonSignature},
		"HS256 without a kid":                  {sign(`{"alg":"HS256"}`, good, publicPEM), reasonAlg},
	}
	for _, alg := range []string{"None", "NONE", "nOnE", "none ", "", "rs256", "Rs256", "RS256 ", "RЅ256", "RS２56", "RS256\x00", "HS256", "HS384", "HS512", "EdDSA", "ES256K", "RSA-OAEP", "dir", "A256KW"} {
		method, key := jwt.SigningMethod(jwt.SigningMethodRS256), any(rsaKey())
		if strings.HasPrefix(alg, "HS") {
			method, key = jwt.GetSigningMethod(alg), publicPEM
		}
		rows["spelled "+string(mustJSON(alg))] = tokenRow{signedBy(method, key, string(mustJSON(members{"alg": alg, "kid": "k1"})), good), reasonAlg}
	}
	checkTokens(t, testPolicy(), rows)
}

// renamed replaces the header and signs anew by RS256, whatever the header names.
func renamed(token, head string) string {
	return signedBy(jwt.SigningMethodRS256, rsaKey(), head, string(decoded(strings.Split(token, ".")[1])))
}

func signedBy(method jwt.SigningMethod, key any, head, payload string) string {
	text := b64([]byte(head)) + "." + b64([]byte(payload))
	signature, err := method.Sign(text, key)
	if err != nil {
		panic(err)
	}
	return text + "." + b64(signature)
}

func decoded(segment string) []byte {
	data, err := decodeSegment(segment)
	if err != nil {
		panic(err)
	}
	return data
}

func TestAttacksOnTheKey(t *testing.T) {
	good := string(mustJSON(goodClaims(nil)))
	evil := otherRSA()
	rows := map[string]tokenRow{
		"KID does not stand for kid":                        {headed(members{"kid": nil, "KID": "k1"}), reasonKidUnknown},
		"no kid where several keys fit":                     {headed(members{"kid": nil}), reasonKidUnknown},
		"an empty kid":                                      {headed(members{"kid": ""}), reasonMalformed},
		"a kid that is a number":                            {headed(members{"kid": 1}), reasonMalformed},
		"a kid that is null":                                {sign(`{"alg":"RS256","kid":null}`, good, rsaKey()), reasonMalformed},
		"a kid that is a list":                              {headed(members{"kid": []string{"k1"}}), reasonMalformed},
		"a kid that is an object":                           {headed(members{"kid": members{"k1": true}}), reasonMalformed},
		"a kid of 257 bytes":                                {headed(members{"kid": strings.Repeat("k", 257)}), reasonMalformed},
		"two kids":                                          {sign(`{"alg":"RS256","kid":"k1","kid":"evil"}`, good, rsaKey()), reasonMalformed},
		"two kids, one written with an escape":              {sign(`{"alg":"RS256","kid":"evil","\u006bid":"k1"}`, good, rsaKey()), reasonMalformed},
		"another issuer's key of the same kid":              {with(members{"iss": "https://other.example.test"}), reasonSignature},
		"our issuer's token by another's key":               {mint(header(nil), goodClaims(nil), evil), reasonSignature},
		"an embedded jwk that fits the signature":           {mint(header(members{"jwk": jwk("k1", evil, nil)}), goodClaims(nil), evil), reasonSignature},
		"an embedded jwk, and no kid":                       {mint(header(members{"kid": nil, "jwk": jwk("k1", evil, nil)}), goodClaims(nil), evil), reasonKidUnknown},
		"an embedded jwk of another kid":                    {mint(header(members{"kid": "evil", "jwk": jwk("evil", evil, nil)}), goodClaims(nil), evil), reasonKidUnknown},
		"jku, x5u and x5c of the attacker's":                {mint(header(members{"jku": "https://evil.test", "x5u": "https://evil.test", "x5c": []string{"AA"}}), goodClaims(nil), evil), reasonSignature},
		"a thumbprint of a certificate":                     {mint(header(members{"kid": nil, "x5t": "AA", "x5t#S256": "AA"}), goodClaims(nil), evil), reasonKidUnknown},
		"jku, jwk and x5c that are not what they should be": {headed(members{"jku": 1, "jwk": "x", "x5c": members{}}), reasonOK},
	}
	for _, kid := range []string{
		"K1", " k1", "k1 ", "k1\x00", "k1\r\n", "k１", "ⅿk1", "../../../../dev/null", "/dev/null", "k1' OR '1'='1", "k1;--", "k1*", "*",
		"${jndi:ldap://evil.test}", "{{k1}}", "|ls", "https://evil.test/jwks", "\u202ek1",
	} {
		rows["kid "+string(mustJSON(kid))] = tokenRow{headed(members{"kid": kid}), reasonKidUnknown}
	}
	checkTokens(t, testPolicy(), rows)
}

// TestKeysThatMustNotVerify has sets with a key that golang-jwt and keyfunc would use.
func TestKeysThatMustNotVerify(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	weak := makeRSA(1024)
	for name, row := range map[string]struct {
		key   members
		token string
	}{
		"a key for encryption":        {jwk("x", rsaKey(), members{"use": "enc"}), headed(members{"kid": "x"})},
		"a key that may only encrypt": {jwk("x", rsaKey(), members{"key_ops": []string{"encrypt"}}), headed(members{"kid": "x"})},
		"a key for PS256":             {jwk("x", rsaKey(), members{"alg": "PS256"}), headed(members{"kid": "x"})},
		"a key for RSA-OAEP":          {jwk("x", rsaKey(), members{"alg": "RSA-OAEP-256"}), headed(members{"kid": "x"})},
		"RSA of 1024 bits":            {jwk("x", weak, nil), mint(header(members{"kid": "x"}), goodClaims(nil), weak)},
		"a secret, published":         {members{"kty": "oct", "kid": "x", "k": b64(secret), "alg": "HS256"}, mint(header(members{"kid": "x", "alg": "HS256"}), goodClaims(nil), secret)},
		"ES512 on P-256":              {jwk("x", p256Key(), members{"alg": "ES512"}), es512OnP256()},
	} {
		t.Run(name, func(t *testing.T) {
			set := keysOf(t, row.key, jwk("other", p384Key(), nil))
			v := testPolicy(algorithms()...).verify(row.token, []*keySet{set, nil}, testNow)
			if v.reason != reasonKidUnknown && v.reason != reasonAlg {
				t.Errorf("got %s", v.reason)
			}
		})
	}
}

// es512OnP256 is what a lax library takes for ES512: SHA-512, but R and S of P-256.
func es512OnP256() string {
	text := b64([]byte(`{"alg":"ES512","kid":"x"}`)) + "." + b64(mustJSON(goodClaims(nil)))
	r, s, err := ecdsa.Sign(rand.Reader, p256Key(), digest(crypto.SHA512, []byte(text)))
	if err != nil {
		panic(err)
	}
	return text + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func TestAttacksOnTheSignature(t *testing.T) {
	good := goodToken()
	signature := decoded(strings.Split(good, ".")[2])
	checkTokens(t, testPolicy(), map[string]tokenRow{
		"a payload changed after signing":    {segment(good, 1, b64(mustJSON(goodClaims(members{"sub": "admin"})))), reasonSignature},
		"a header changed after signing":     {segment(good, 0, b64(mustJSON(header(members{"typ": "at+jwt"})))), reasonSignature},
		"an empty signature":                 {segment(good, 2, ""), reasonSignature},
		"a byte before the signature":        {segment(good, 2, b64(append([]byte{0}, signature...))), reasonSignature},
		"a byte behind the signature":        {segment(good, 2, b64(append(slices.Clone(signature), 0))), reasonSignature},
		"a signature without its first byte": {segment(good, 2, b64(signature[1:])), reasonSignature},
		"zeros":                              {segment(good, 2, b64(make([]byte, 256))), reasonSignature},
		"one":                                {segment(good, 2, b64(append(make([]byte, 255), 1))), reasonSignature},
		"a signature plus the modulus":       {segment(good, 2, b64(plusModulus(signature))), reasonSignature},
		"a signature with bits left over":    {leftOver(good), reasonMalformed},
		"a signature with padding":           {good + "==", reasonMalformed},
		"a signature that is not base64":     {segment(good, 2, "!!"), reasonMalformed},
		"a signature of the other alphabet":  {segment(good, 2, "+/+/"), reasonMalformed},
		"a signature with a line break":      {good[:len(good)-4] + "\n" + good[len(good)-4:], reasonMalformed},
	})
}

func plusModulus(signature []byte) []byte {
	return new(big.Int).Add(new(big.Int).SetBytes(signature), rsaKey().N).Bytes()
}

// leftOver sets a bit that the last character of a 256-byte signature has and its bytes have not.
func leftOver(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])|1])
}

func TestTheSaltOfPSSIsAsLongAsItsHash(t *testing.T) {
	text := b64([]byte(`{"alg":"PS256","kid":"k1"}`)) + "." + b64(mustJSON(goodClaims(nil)))
	sum := sha256.Sum256([]byte(text))
	rows := map[string]tokenRow{}
	for name, row := range map[string]struct {
		salt int
		want reason
	}{
		"none":             {0, reasonSignature},
		"of SHA-1":         {20, reasonSignature},
		"a byte too short": {31, reasonSignature},
		"of the hash":      {32, reasonOK},
		"a byte too long":  {33, reasonSignature},
		"the longest":      {222, reasonSignature},
	} {
		if row.salt == 0 {
			row.salt = rsa.PSSSaltLengthAuto // as long as it can be, when signing
		}
		signature, err := rsa.SignPSS(rand.Reader, rsaKey(), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: row.salt})
		if err != nil {
			t.Fatal(err)
		}
		rows[name] = tokenRow{text + "." + b64(signature), row.want}
	}
	checkTokens(t, testPolicy(), rows)
}

func TestAttacksOnECDSA(t *testing.T) {
	good := sign(`{"alg":"ES256","kid":"ec"}`, string(mustJSON(goodClaims(nil))), p256Key())
	order := p256Key().Params().N
	signature := decoded(strings.Split(good, ".")[2])
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	zero := new(big.Int)
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	row := func(want reason, parts ...*big.Int) tokenRow {
		var joined []byte
		for _, part := range parts {
			joined = append(joined, part.FillBytes(make([]byte, 32))...)
		}
		return tokenRow{segment(good, 2, b64(joined)), want}
	}
	checkTokens(t, testPolicy(), map[string]tokenRow{
		"R and S are zero":              row(reasonSignature, zero, zero),
		"R is zero":                     row(reasonSignature, zero, s),
		"S is zero":                     row(reasonSignature, r, zero),
		"R is the order":                row(reasonSignature, order, s),
		"S is the order":                row(reasonSignature, r, order),
		"R and S are the order":         row(reasonSignature, order, order),
		"R and S are one":               row(reasonSignature, big.NewInt(1), big.NewInt(1)),
		"R and S are swapped":           row(reasonSignature, s, r),
		"S alone":                       row(reasonSignature, s),
		"another pair behind the first": row(reasonSignature, r, s, r, s),
		"a zero byte before each":       {segment(good, 2, b64(slices.Concat([]byte{0}, signature[:32], []byte{0}, signature[32:]))), reasonSignature},
		"in DER":                        {segment(good, 2, b64(der)), reasonSignature},
		"an odd length":                 {segment(good, 2, b64(signature[:63])), reasonSignature},
		// The other S of each signature is as good (RFC 7518 asks for no lower half), and says nothing else.
		"the other S": row(reasonOK, r, new(big.Int).Sub(order, s)),
	})
}
