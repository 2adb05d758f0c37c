package issuer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tollgate/test/issuer"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock stands still until it is moved.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func start(t *testing.T) (*issuer.Issuer, *clock) {
	t.Helper()
	c := &clock{noon}
	i, err := issuer.New(issuer.Options{BaseURL: "http://issuer.example/", Now: c.read})
	if err != nil {
		t.Fatal(err)
	}
	return i, c
}

func call(t *testing.T, i *issuer.Issuer, method, path string, into any) int {
	t.Helper()
	w := httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequest(method, "http://issuer.example"+path, nil))
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatalf("%s: status %d, body %q: %v", path, w.Code, w.Body, err)
		}
	}
	return w.Code
}

// verify checks a token against the published keys.
func verify(t *testing.T, i *issuer.Issuer, token string) (*jwt.Token, error) {
	t.Helper()
	var set json.RawMessage
	call(t, i, http.MethodGet, "/"+issuer.DefaultEnvironment+"/as/jwks", &set)
	keys, err := keyfunc.NewJWKSetJSON(set)
	if err != nil {
		t.Fatalf("key set %s: %v", set, err)
	}
	return jwt.Parse(token, keys.Keyfunc, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(func() time.Time { return noon }))
}

func TestTokenLooksLikePingOnes(t *testing.T) {
	i, _ := start(t)
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	call(t, i, http.MethodGet, "/token?client=shop&scope=read+write&tier=premium&nbf=-5", &answer)
	token, err := verify(t, i, answer.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	want := jwt.MapClaims{
		"iss": i.URL(), "aud": []any{"https://api.example.com"}, "client_id": "shop", "sub": "shop",
		"scope": "read write", "tier": "premium", "env": issuer.DefaultEnvironment,
		"iat": float64(noon.Unix()), "nbf": float64(noon.Unix() - 5), "exp": float64(noon.Unix() + 3600),
	}
	ignored := cmpopts.IgnoreMapEntries(func(name string, _ any) bool { return name == "jti" || name == "org" })
	if diff := cmp.Diff(want, token.Claims, ignored); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if token.Header["typ"] != "JWT" || token.Header["kid"] == "" || answer.ExpiresIn != 3600 {
		t.Errorf("header %v, expires_in %d", token.Header, answer.ExpiresIn)
	}
}

func TestDiscoveryPointsAtTheKeys(t *testing.T) {
	i, _ := start(t)
	var got map[string]any
	call(t, i, http.MethodGet, "/"+issuer.DefaultEnvironment+"/as/.well-known/openid-configuration", &got)
	if got["issuer"] != i.URL() || got["jwks_uri"] != i.JWKSURL() {
		t.Errorf("issuer %v and jwks_uri %v, want %s and %s", got["issuer"], got["jwks_uri"], i.URL(), i.JWKSURL())
	}
	if want := "http://issuer.example/" + issuer.DefaultEnvironment + "/as"; i.URL() != want {
		t.Errorf("URL %s, want %s", i.URL(), want)
	}
}

func TestRotation(t *testing.T) {
	for _, row := range []struct {
		name     string
		rotate   string
		passes   time.Duration
		oldHolds bool
	}{
		{"the old key stays published during the overlap", "/rotate", 23 * time.Hour, true},
		{"the old key goes after the overlap", "/rotate", 25 * time.Hour, false},
		{"drop withdraws the old key at once", "/rotate?drop=1", 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			i, clock := start(t)
			before, err := i.Mint(issuer.Token{})
			if err != nil {
				t.Fatal(err)
			}
			var rotated struct{ Kid string }
			call(t, i, http.MethodPost, row.rotate, &rotated)
			clock.now = noon.Add(row.passes)
			if _, err := verify(t, i, before); (err == nil) != row.oldHolds {
				t.Errorf("token of the old key: %v", err)
			}
			after, err := i.Mint(issuer.Token{ExpiresIn: 48 * time.Hour, Claims: map[string]any{"iat": nil}})
			if err != nil {
				t.Fatal(err)
			}
			token, err := verify(t, i, after)
			if err != nil || token.Header["kid"] != rotated.Kid {
				t.Errorf("token of the new key %s: %v, %v", rotated.Kid, token.Header, err)
			}
		})
	}
}

func TestBadTokensOnDemand(t *testing.T) {
	i, _ := start(t)
	for _, row := range []struct {
		name, query string
		status      int
		refused     bool
	}{
		{"a good one passes", "", 200, false},
		{"a negative lifetime has expired", "expires_in=-60", 200, true},
		{"a lifetime of zero has expired", "expires_in=0", 200, true},
		{"nbf ahead is not valid yet", "nbf=60", 200, true},
		{"an unknown kid has no key", "kid=nobody", 200, true},
		{"the newer type is written", "typ=at%2Bjwt", 200, false},
		{"a lifetime that is no number is refused", "expires_in=soon", 400, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			i.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/token?"+row.query, nil))
			if w.Code != row.status {
				t.Fatalf("status %d, want %d: %s", w.Code, row.status, w.Body)
			}
			var answer map[string]any
			_ = json.Unmarshal(w.Body.Bytes(), &answer)
			text, _ := answer["access_token"].(string)
			if _, err := verify(t, i, text); (err != nil) != row.refused {
				t.Errorf("verification: %v, want refused %v", err, row.refused)
			}
		})
	}
}

func TestDownAnswersWith503(t *testing.T) {
	i, _ := start(t)
	path := "/" + issuer.DefaultEnvironment + "/as/jwks"
	call(t, i, http.MethodPost, "/down", nil)
	if got := call(t, i, http.MethodGet, path, nil); got != 503 {
		t.Errorf("status %d while down", got)
	}
	call(t, i, http.MethodPost, "/up", nil)
	if got := call(t, i, http.MethodGet, path, nil); got != 200 {
		t.Errorf("status %d when up again", got)
	}
}

func TestFetchesAreCountedWhateverComesOfThem(t *testing.T) {
	i, _ := start(t)
	path := "/" + issuer.DefaultEnvironment + "/as/jwks"
	call(t, i, http.MethodGet, path, nil)
	i.Misbehave(issuer.Failing)
	call(t, i, http.MethodGet, path, nil)
	i.Down(true)
	call(t, i, http.MethodGet, path, nil)
	call(t, i, http.MethodGet, "/token", nil)
	if n := i.Fetches(); n != 3 {
		t.Errorf("%d fetches, want 3", n)
	}
}

func TestNewRefusesABaseURLWithoutScheme(t *testing.T) {
	if _, err := issuer.New(issuer.Options{BaseURL: "issuer.example"}); err == nil {
		t.Error("no error")
	}
}

func TestMisbehaviourEndsWithTheNext(t *testing.T) {
	i, _ := start(t)
	path := "/" + issuer.DefaultEnvironment + "/as/jwks"
	for _, row := range []struct {
		as, body string
		status   int
	}{
		{"html", "<!doctype html>", 200},
		{"failing", `{"keys":[{`, 500},
		{"empty_keys", `{"keys":[]}`, 200},
		{"", `{"keys":[{`, 200},
	} {
		t.Run("as "+row.as, func(t *testing.T) {
			call(t, i, http.MethodPost, "/misbehave?as="+row.as, nil)
			w := httptest.NewRecorder()
			i.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://issuer.example"+path, nil))
			if w.Code != row.status || !strings.HasPrefix(w.Body.String(), row.body) {
				t.Errorf("got %d %q", w.Code, w.Body)
			}
		})
	}
	if got := call(t, i, http.MethodPost, "/misbehave?as=rude", nil); got != http.StatusBadRequest {
		t.Errorf("a misbehaviour that is none: %d", got)
	}
}

func TestDuplicateIDsKeepTheRightKey(t *testing.T) {
	i, _ := start(t)
	i.Misbehave(issuer.DuplicateIDs)
	var set struct{ Keys []struct{ Kid, N string } }
	call(t, i, http.MethodGet, "/"+issuer.DefaultEnvironment+"/as/jwks", &set)
	if len(set.Keys) != 2 || set.Keys[0].Kid != set.Keys[1].Kid || set.Keys[0].N == set.Keys[1].N || len(set.Keys[0].N) != len(set.Keys[1].N) {
		t.Errorf("published %+v", set.Keys)
	}
}
