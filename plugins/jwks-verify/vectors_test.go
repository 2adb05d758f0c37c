package jwksverify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vector is an example of a RFC; testdata/vectors/README.md tells where they are from.
type vector struct {
	Source  string  `json:"source"`
	Alg     string  `json:"alg"`
	Key     members `json:"key"`
	Payload string  `json:"payload"`
	JWS     string  `json:"jws"`
}

func vectors(t *testing.T) (signed, refused []vector) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors", "rfc.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Signed, Refused []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Signed) < 7 || len(file.Refused) < 2 {
		t.Fatalf("%d and %d vectors", len(file.Signed), len(file.Refused))
	}
	return file.Signed, file.Refused
}

func TestSignaturesOfTheRFCs(t *testing.T) {
	signed, _ := vectors(t)
	for _, v := range signed {
		t.Run(v.Source, func(t *testing.T) {
			v.Key["kid"] = "k"
			keys, known := keysOf(t, v.Key).candidates(v.Alg, "k")
			if len(keys) != 1 || !known {
				t.Fatalf("%d keys", len(keys))
			}
			parts := strings.Split(v.JWS, ".")
			if string(decoded(parts[1])) != v.Payload {
				t.Errorf("the payload is %q", decoded(parts[1]))
			}
			text, signature := parts[0]+"."+parts[1], decoded(parts[2])
			for _, alg := range algorithms() {
				if verified(alg, keys[0].public, []byte(text), signature) != (alg == v.Alg) {
					t.Errorf("verified by %s: %t", alg, alg != v.Alg)
				}
			}
			for i := range signature {
				signature[i] ^= 1
				if verified(v.Alg, keys[0].public, []byte(text), signature) {
					t.Errorf("with a bit changed in byte %d", i)
				}
				signature[i] ^= 1
			}
			if verified(v.Alg, keys[0].public, []byte(text+" "), signature) {
				t.Error("with another text")
			}
		})
	}
}

// TestTokensOfRFC7515 are those of the examples that are claims.
func TestTokensOfRFC7515(t *testing.T) {
	signed, refused := vectors(t)
	p := policyWith(func(c *Config) {
		c.Issuers[0].Issuer, c.Issuers[0].Audiences, c.Issuers[0].InsecureAnyAudience = "joe", nil, true
	})
	before := time.Unix(1300819380, 0).Add(-time.Second)
	for _, v := range signed[:2] {
		keys := []*keySet{keysOf(t, v.Key), nil}
		if got := p.verify(v.JWS, keys, before); got.reason != reasonOK {
			t.Errorf("%s: %s (%s)", v.Source, got.reason, got.detail)
		}
		if found, r := p.authenticate(v.JWS, keys); r != nil || found.claims["http://example.com/is_root"] != true {
			t.Errorf("%s: claims %v", v.Source, found.claims)
		}
		if got := p.verify(v.JWS, keys, before.Add(time.Minute)); got.reason != reasonExpired {
			t.Errorf("%s, expired: %s", v.Source, got.reason)
		}
		for _, r := range refused {
			if got := p.verify(r.JWS, keys, before); got.reason != reasonAlg {
				t.Errorf("%s: %s", r.Source, got.reason)
			}
		}
	}
}
