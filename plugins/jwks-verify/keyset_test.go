package jwksverify

import (
	"crypto/elliptic"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

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
			for alg, f := range set.fitting {
				keys, _ := f.Storage().KeyReadAll(t.Context())
				for _, k := range keys {
					if k.Marshal().KID != "k1" {
						got = append(got, alg)
					}
				}
			}
			slices.Sort(got)
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
		for alg, fit := range set.fitting {
			keys, _ := fit.Storage().KeyReadAll(t.Context())
			for _, k := range keys {
				if able, err := algorithmsOf(k.Key()); err != nil || !slices.Contains(able, alg) {
					t.Errorf("a key stands under %s: %v", alg, err)
				}
			}
		}
	})
}
