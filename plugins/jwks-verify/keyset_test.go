package jwksverify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/MicahParks/jwkset"
	"github.com/google/go-cmp/cmp"
)

var weakRSA = sync.OnceValue(func() members {
	n := strings.Repeat("\xff", 1024/8) // the size is refused before anything else is looked at
	return members{"kty": "RSA", "kid": "weak", "n": b64([]byte(n)), "e": "AQAB"}
})

func TestReadKeySetUsesOnlyKeysThatVerify(t *testing.T) {
	good := jwk("k1", rsaKey(), members{"use": "sig"})
	offCurve := jwk("x", p256Key(), nil)
	offCurve["x"], offCurve["y"] = offCurve["y"], offCurve["x"]
	wrongCurve := jwk("x", p384Key(), members{"crv": "P-256"})
	hugeRSA := members{"kty": "RSA", "kid": "x", "n": b64([]byte(strings.Repeat("\xff", 2048))), "e": "AQAB"}
	hugeExponent := jwk("x", otherRSA(), members{"e": b64([]byte(strings.Repeat("\x01", 9)))})
	exponent := func(e ...byte) members { return jwk("x", otherRSA(), members{"e": b64(e)}) }
	even := jwk("x", otherRSA(), members{"n": b64(append([]byte{0xff}, make([]byte, 255)...))})
	short := jwk("x", p256Key(), members{"x": b64([]byte{1, 2, 3})})
	long := jwk("x", p256Key(), members{"x": b64(make([]byte, 33))})
	point, _ := p256Key().PublicKey.Bytes()
	shifted := jwk("x", p256Key(), members{"x": b64(point[1:32]), "y": b64(point[32:])})

	for name, row := range map[string]struct {
		key  members
		want []string // the algorithms that it may verify
	}{
		"RSA serves RS* and PS*":                {jwk("x", otherRSA(), nil), []string{"PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}},
		"RSA with alg serves that alone":        {jwk("x", otherRSA(), members{"alg": "PS384"}), []string{"PS384"}},
		"P-256 serves ES256":                    {jwk("x", p256Key(), nil), []string{"ES256"}},
		"P-384 serves ES384":                    {jwk("x", p384Key(), nil), []string{"ES384"}},
		"P-521 serves ES512":                    {jwk("x", p521Key(), nil), []string{"ES512"}},
		"Ed25519 serves EdDSA":                  {jwk("x", edKey(), nil), []string{"EdDSA"}},
		"key_ops with verify":                   {jwk("x", edKey(), members{"key_ops": []string{"verify"}}), []string{"EdDSA"}},
		"certificates are not looked at":        {jwk("x", edKey(), members{"x5c": []string{"?"}, "x5u": "http://evil.test"}), []string{"EdDSA"}},
		"use enc":                               {jwk("x", otherRSA(), members{"use": "enc"}), nil},
		"use in another case":                   {jwk("x", otherRSA(), members{"use": "SIG"}), nil},
		"key_ops without verify":                {jwk("x", otherRSA(), members{"key_ops": []string{"encrypt", "wrapKey"}}), nil},
		"key_ops that is a string":              {jwk("x", otherRSA(), members{"key_ops": "verify"}), nil},
		"alg for encryption":                    {jwk("x", otherRSA(), members{"alg": "RSA-OAEP"}), nil},
		"alg of another kind of key":            {jwk("x", otherRSA(), members{"alg": "ES256"}), nil},
		"ES512 on P-256":                        {jwk("x", p256Key(), members{"alg": "ES512"}), nil},
		"alg a number":                          {jwk("x", otherRSA(), members{"alg": 256}), nil},
		"RSA of 1024 bits":                      {weakRSA(), nil},
		"RSA of 16384 bits":                     {hugeRSA, nil},
		"an RSA exponent beyond 64 bits":        {hugeExponent, nil},
		"an RSA exponent beyond 31 bits":        {exponent(0x80, 0, 0, 1), nil},
		"an RSA exponent of 1":                  {exponent(1), nil},
		"an RSA exponent of 3":                  {exponent(3), []string{"PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}},
		"an RSA exponent that is even":          {exponent(1, 0, 0), nil},
		"an RSA exponent that is empty":         {exponent(), nil},
		"an RSA modulus that is even":           {even, nil},
		"an RSA modulus after a zero byte":      {jwk("x", otherRSA(), members{"n": b64(append([]byte{0}, otherRSA().N.Bytes()...))}), []string{"PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}},
		"coordinates that are too short":        {short, nil},
		"coordinates that are too long":         {long, nil},
		"coordinates that share a byte":         {shifted, nil},
		"an Ed25519 key that is too short":      {jwk("x", edKey(), members{"x": b64(make([]byte, 31))}), nil},
		"Ed448":                                 {jwk("x", edKey(), members{"crv": "Ed448"}), nil},
		"base64 with padding":                   {jwk("x", edKey(), members{"x": b64(edKey()[32:]) + "="}), nil},
		"base64 with a line break":              {jwk("x", edKey(), members{"x": b64(edKey()[32:]) + "\n"}), nil},
		"use null":                              {jwk("x", otherRSA(), members{"use": (*int)(nil)}), nil},
		"a prime of a private key, published":   {jwk("x", otherRSA(), members{"p": "AQ"}), nil},
		"d that is null":                        {jwk("x", otherRSA(), members{"d": (*int)(nil)}), nil},
		"duplicate members in a nested object":  {jwk("x", otherRSA(), members{"z": json.RawMessage(`{"a":1,"a":2}`)}), nil},
		"a symmetric key":                       {members{"kty": "oct", "kid": "x", "k": "c2VjcmV0"}, nil},
		"a symmetric key for HS256":             {members{"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "HS256"}, nil},
		"a private key, published":              {jwk("x", p256Key(), members{"d": "AQ"}), nil},
		"a point that is not on the curve":      {offCurve, nil},
		"a point of another curve":              {wrongCurve, nil},
		"a curve that is unknown":               {jwk("x", p256Key(), members{"crv": "secp256k1"}), nil},
		"a key for agreement, X25519":           {jwk("x", edKey(), members{"crv": "X25519"}), nil},
		"an unknown kty":                        {members{"kty": "XYZ", "kid": "x"}, nil},
		"no kty":                                {members{"kid": "x"}, nil},
		"kid a number":                          {jwk("x", otherRSA(), members{"kid": 7}), nil},
		"kid too long":                          {jwk(strings.Repeat("x", 257), otherRSA(), nil), nil},
		"n a number":                            {jwk("x", otherRSA(), members{"n": 7}), nil},
		"KTY, a member name in another case":    {func() members { k := jwk("x", otherRSA(), nil); delete(k, "kty"); k["KTY"] = "RSA"; return k }(), nil},
		"n that is not base64":                  {jwk("x", otherRSA(), members{"n": "?"}), nil},
		"a member nested deeper than we follow": {jwk("x", otherRSA(), members{"z": nested(20)}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := readKeySet(jwks(row.key, good))
			if err != nil {
				t.Fatalf("the good key beside it is lost: %v", err)
			}
			var got []string
			for _, alg := range slices.Sorted(slices.Values(algorithms())) {
				keys, _ := set.candidates(alg, "x")
				if len(keys) > 0 {
					got = append(got, alg)
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("algorithms (-want +got):\n%s", diff)
			}
			if skipped := len(set.skipped) == 1; skipped != (row.want == nil) {
				t.Errorf("skipped: %v", set.skipped)
			}
			if !set.kids["k1"] {
				t.Error("the good key's kid is lost")
			}
		})
	}
}

func nested(depth int) any {
	var out any = 1
	for range depth {
		out = []any{out}
	}
	return out
}

func TestReadKeySetRefusesWhatIsNoSet(t *testing.T) {
	many := make([]members, maxKeys+1)
	for i := range many {
		many[i] = jwk("k1", p256Key(), nil)
	}
	for name, body := range map[string]string{
		"nothing":                       "",
		"HTML":                          "<!doctype html><title>Maintenance</title>",
		"an object without keys":        `{"error":"down"}`,
		"KEYS is not keys":              `{"KEYS":[` + string(mustJSON(jwk("k1", p256Key(), nil))) + `]}`,
		"keys that is null":             `{"keys":null}`,
		"keys that is an object":        `{"keys":{}}`,
		"an empty list of keys":         `{"keys":[]}`,
		"a list in place of an object":  `[]`,
		"null":                          `null`,
		"a set that is cut off":         string(jwks(jwk("k1", p256Key(), nil)))[:100],
		"two lists of keys":             `{"keys":[],` + string(jwks(jwk("k1", p256Key(), nil)))[1:],
		"a second set after the first":  strings.Repeat(string(jwks(jwk("k1", p256Key(), nil))), 2),
		"data after the set":            string(jwks(jwk("k1", p256Key(), nil))) + "x",
		"only keys that are not usable": string(jwks(weakRSA(), members{"kty": "oct", "k": "AA"})),
		"keys that are not objects":     `{"keys":[1,"a",null,[]]}`,
		"more keys than we take":        string(jwks(many...)),
	} {
		t.Run(name, func(t *testing.T) {
			if set, err := readKeySet([]byte(body)); err == nil {
				t.Errorf("took it for a set of %d keys", set.usable)
			}
		})
	}
}

func TestOneKidUnderSeveralAlgorithms(t *testing.T) {
	set := keysOf(t, jwk("k1", rsaKey(), members{"alg": "RS256"}), jwk("k1", otherRSA(), members{"alg": "PS256"}), jwk("k1", p256Key(), nil))
	signers := map[string]any{"RS256": rsaKey(), "PS256": otherRSA(), "ES256": p256Key()}
	for _, alg := range slices.Sorted(maps.Keys(signers)) {
		token := mint(header(members{"alg": alg}), goodClaims(nil), signers[alg])
		if v := testPolicy().verify(token, []*keySet{set, nil}, testNow); v.reason != reasonOK {
			t.Errorf("%s: %s (%s)", alg, v.reason, v.detail)
		}
	}
}

// FuzzReadKeySet looks for panics, and for keys in use that no rule lets in.
func FuzzReadKeySet(f *testing.F) {
	f.Add(jwks(jwk("k1", rsaKey(), nil), jwk("e", makeECDSA(elliptic.P256()), nil), jwk("d", edKey(), nil)))
	f.Add(jwks(members{"kty": "oct", "k": "AA"}))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AA","e":"AQ"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		set, err := readKeySet(body)
		if err != nil {
			return
		}
		if set.usable == 0 || set.usable > maxKeys {
			t.Errorf("a set of %d keys", set.usable)
		}
		for alg, f := range set.fitting {
			for kid, keys := range f.byKid {
				for _, key := range keys {
					checkAsStrictAsJWKSet(t, body, alg, kid, key.public)
				}
			}
		}
	})
}

// checkAsStrictAsJWKSet wants a key that is in use to be one for the algorithm, and one that jwkset reads
// from the same set under the same kid.
func checkAsStrictAsJWKSet(t *testing.T, body []byte, alg, kid string, public crypto.PublicKey) {
	t.Helper()
	fits := false
	switch key := public.(type) {
	case *rsa.PublicKey:
		fits = key.N.BitLen() >= 2048 && key.E >= 3 && (alg[:2] == "RS" || alg[:2] == "PS")
	case *ecdsa.PublicKey:
		fits = map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[key.Curve] == alg
	case ed25519.PublicKey:
		fits = alg == "EdDSA"
	}
	if !fits {
		t.Errorf("a %T stands under %s", public, alg)
	}
	var set struct{ Keys []json.RawMessage }
	_ = json.Unmarshal(body, &set)
	for _, raw := range set.Keys {
		var m jwkset.JWKMarshal
		_ = json.Unmarshal(raw, &m)
		theirs, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil && m.KID == kid && same(public, theirs.Key()) {
			return
		}
	}
	t.Errorf("jwkset finds no such key under %q in %q", kid, body)
}

func TestCandidates(t *testing.T) {
	const pingAM = "wU3ifIIaLOUAReRB/FG6eM1P1QM="
	rs := jwk("k1", rsaKey(), members{"alg": "RS256"})
	set := keysOf(t,
		rs, jwk("k1", otherRSA(), nil), rs, // the last is the first again
		jwk(pingAM, p256Key(), nil), jwk(pingAM, p384Key(), nil),
		jwk("enc", otherRSA(), members{"use": "enc"}),
		jwk("ed", edKey(), nil), jwk("ed", edKey(), nil),
		members{"kty": "RSA", "kid": "broken", "n": "AQAB", "e": "AQAB"}, members{"kty": "oct"})
	for name, row := range map[string]struct {
		alg, kid string
		want     []crypto.Signer
		known    bool
	}{
		"several keys under a kid, in their order":       {"RS256", "k1", []crypto.Signer{rsaKey(), otherRSA()}, true},
		"the kid's keys that fit the algorithm":          {"PS256", "k1", []crypto.Signer{otherRSA()}, true},
		"one kid under several algorithms":               {"ES384", pingAM, []crypto.Signer{p384Key()}, true},
		"a kid whose keys do not fit":                    {"EdDSA", "k1", nil, true},
		"the kid of a key for encryption":                {"RS256", "enc", nil, true},
		"the kid of a key that cannot be read":           {"RS256", "broken", nil, true},
		"an unknown kid":                                 {"RS256", "k2", nil, false},
		"a kid in another case":                          {"RS256", "K1", nil, false},
		"no kid where one fits":                          {"ES256", "", []crypto.Signer{p256Key()}, true},
		"no kid where one fits that stands there twice":  {"EdDSA", "", []crypto.Signer{edKey()}, true},
		"no kid where several fit":                       {"RS256", "", nil, false},
		"no kid where none fits":                         {"ES512", "", nil, false},
		"an algorithm that no public key serves, a kid":  {"HS256", "k1", nil, true},
		"an algorithm that no public key serves, no kid": {"none", "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, known := set.candidates(row.alg, row.kid)
			if known != row.known {
				t.Errorf("known is %t", known)
			}
			if !slices.EqualFunc(got, row.want, func(k verifyKey, s crypto.Signer) bool { return same(k.public, s.Public()) }) {
				t.Errorf("got %d keys, want %d: %v", len(got), len(row.want), got)
			}
		})
	}
}

func TestTheKeysThatOneKidOffersAreBounded(t *testing.T) {
	var twins []members
	for range maxTwins + 3 {
		twins = append(twins, jwk("k1", makeECDSA(elliptic.P256()), nil))
	}
	set := keysOf(t, twins...)
	keys, _ := set.candidates("ES256", "k1")
	if len(keys) != maxTwins || len(set.skipped) != 3 {
		t.Errorf("%d keys to try, %d skipped", len(keys), len(set.skipped))
	}
	if keys, _ := set.candidates("ES256", ""); keys != nil {
		t.Error("a token without kid has one of several")
	}
}

func TestTheGenerationIsThatOfTheUsableKeys(t *testing.T) {
	one, two := jwk("k1", rsaKey(), nil), jwk("k2", p256Key(), nil)
	base := keysOf(t, one, two).generation
	for name, row := range map[string]struct {
		set  *keySet
		same bool
	}{
		"the same keys in another order":       {keysOf(t, two, one), true},
		"a member more that we do not look at": {keysOf(t, one, jwk("k2", p256Key(), members{"x5t": "AA"})), true},
		"a key more that cannot be used":       {keysOf(t, one, two, jwk("k3", otherRSA(), members{"use": "enc"})), true},
		"a key less":                           {keysOf(t, one), false},
		"a key more":                           {keysOf(t, one, two, jwk("k3", p384Key(), nil)), false},
		"another kid":                          {keysOf(t, one, jwk("k3", p256Key(), nil)), false},
		"another key under the same kid":       {keysOf(t, jwk("k1", otherRSA(), nil), two), false},
		"the same key for one algorithm":       {keysOf(t, jwk("k1", rsaKey(), members{"alg": "RS256"}), two), false},
	} {
		if (row.set.generation == base) != row.same {
			t.Errorf("%s: the same generation is %t", name, !row.same)
		}
	}
}
