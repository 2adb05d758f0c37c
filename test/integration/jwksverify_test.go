package integration

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

const (
	noToken      = `Bearer realm="kong"`
	invalidToken = `Bearer realm="kong", error="invalid_token"`
	invalidCall  = `Bearer realm="kong", error="invalid_request"`
)

func TestTokensThatAreRefused(t *testing.T) {
	in := func(d time.Duration) *time.Duration { return &d }
	for _, row := range []struct {
		name      string
		token     issuer.Token
		challenge string
	}{
		{"one that has expired", issuer.Token{ExpiresIn: -time.Minute}, invalidToken + `, error_description="The access token expired."`},
		{"one that is not valid yet", issuer.Token{NotBefore: in(time.Minute)}, invalidToken},
		{"one for another audience", issuer.Token{Audience: []string{"https://other.example.com"}}, invalidToken},
		{"one for nobody", issuer.Token{Claims: map[string]any{"aud": nil}}, invalidToken},
		{"one without an end", issuer.Token{Claims: map[string]any{"exp": nil}}, invalidToken},
		{"one of another issuer", issuer.Token{Issuer: "https://evil.example.com"}, invalidToken},
		{"one that names no issuer", issuer.Token{Claims: map[string]any{"iss": nil}}, invalidToken},
		{"one of a type that is no access token", issuer.Token{Type: "dpop+jwt"}, invalidToken},
		{"one that is bound to a key", issuer.Token{Claims: map[string]any{"cnf": map[string]any{"jkt": "x"}}}, invalidToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := get(t, "/token", bearer(t, row.token))
			r.is(t, http.StatusUnauthorized)
			if got := r.headers.Get("WWW-Authenticate"); !strings.HasPrefix(got, row.challenge) {
				t.Errorf("challenge %s, want %s", got, row.challenge)
			}
			if body := string(r.body); strings.Contains(body, "example.com") || r.problem(t).Detail == "" {
				t.Errorf("the answer says %s", body)
			}
		})
	}
}

func TestTokensThatAreGood(t *testing.T) {
	for _, row := range []struct {
		name  string
		token issuer.Token
	}{
		{"the usual one", issuer.Token{}},
		{"the newer type", issuer.Token{Type: "at+jwt"}},
		{"an audience that is a string", issuer.Token{Audience: []string{"https://second.example.com"}, AudienceAsString: true}},
		{"an audience among others", issuer.Token{Audience: []string{"https://other.example.com", "https://second.example.com"}}},
		{"expired within the leeway", issuer.Token{ExpiresIn: -2 * time.Second}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := get(t, "/token", bearer(t, row.token))
			r.is(t, http.StatusOK)
			r.upstream(t)
		})
	}
}

func TestRequestsWithoutAToken(t *testing.T) {
	good := strings.TrimPrefix(bearer(t, issuer.Token{}), "Authorization: ")
	for _, row := range []struct {
		name, authorization string
		status              int
		challenge           string
	}{
		{"no header", "", 401, noToken},
		{"another scheme", "Basic eDp5", 401, noToken},
		{"a scheme without a token", "Bearer", 400, invalidCall},
		{"a tab where a space belongs", strings.Replace(good, " ", "\t", 1), 400, invalidCall},
		{"two tokens in one header", good + " " + good, 400, invalidCall},
		{"no JWT", "Bearer abc", 401, invalidToken},
		{"a token without its signature", good[:strings.LastIndex(good, ".")+1], 401, invalidToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			var headers []string
			if row.authorization != "" {
				headers = append(headers, "Authorization: "+row.authorization)
			}
			r := get(t, "/token", headers...)
			r.is(t, row.status)
			got := r.headers.Get("WWW-Authenticate")
			if !strings.HasPrefix(got, row.challenge) || row.challenge == noToken && got != noToken {
				t.Errorf("challenge %s, want %s", got, row.challenge)
			}
		})
	}
}

// TestForgedSignatures signs good claims with what an attacker has: keys of his own, and the public key.
func TestForgedSignatures(t *testing.T) {
	good := strings.TrimPrefix(bearer(t, issuer.Token{}), "Authorization: Bearer ")
	parsed, _, err := jwt.NewParser().ParseUnverified(good, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		method jwt.SigningMethod
		key    any
	}{
		{"by a key of his own under the issuer's kid", jwt.SigningMethodRS256, own},
		{"by an algorithm that is not allowed", jwt.SigningMethodPS256, own},
		{"by a text as the secret", jwt.SigningMethodHS256, []byte("secret")},
		{"by nobody", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType},
	} {
		t.Run(row.name, func(t *testing.T) {
			forged := jwt.NewWithClaims(row.method, parsed.Claims)
			forged.Header["kid"] = parsed.Header["kid"]
			signed, err := forged.SignedString(row.key)
			if err != nil {
				t.Fatal(err)
			}
			shared.secrets.token(signed)
			get(t, "/token", "Authorization: Bearer "+signed).is(t, http.StatusUnauthorized)
		})
	}
}

func TestATokenOfANewKeyIsGoodAtOnce(t *testing.T) {
	s := start(t, sandbox.Options{})
	before := bearerOf(t, s, issuer.Token{})
	getFrom(t, s, "/token", before).is(t, http.StatusOK)
	if _, err := s.Issuer.Rotate(); err != nil {
		t.Fatal(err)
	}
	getFrom(t, s, "/token", bearerOf(t, s, issuer.Token{})).is(t, http.StatusOK)
	getFrom(t, s, "/token", before).is(t, http.StatusOK)
}
