package integration

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

func TestAnIssuerThatIsDownAtTheStart(t *testing.T) {
	s := start(t, sandbox.Options{})
	s.Issuer.Down(true)
	token := bearerOf(t, s, issuer.Token{})
	r := getFrom(t, s, "/token", token)
	r.is(t, http.StatusServiceUnavailable)
	if r.problem(t); r.headers.Get("Retry-After") == "" || r.headers.Get("WWW-Authenticate") != "" {
		t.Errorf("headers %v", r.headers)
	}
	logHas(t, s.RunLog(), "fetching a key set failed", "503")
	s.Issuer.Down(false)
	took := eventually.Holds(t, 10*time.Second, "tokens to be verified", func() bool {
		return getFrom(t, s, "/token", token).status == http.StatusOK
	})
	t.Logf("tokens are verified %s after the issuer came back", took)
}

func TestAnIssuerThatGoesDownLater(t *testing.T) {
	s := start(t, sandbox.Options{})
	token := bearerOf(t, s, issuer.Token{})
	getFrom(t, s, "/token", token).is(t, http.StatusOK)
	s.Issuer.Down(true)
	getFrom(t, s, "/token", token).is(t, http.StatusOK)
	// A kid that is not known makes the plugin ask, in vain: nobody can say that there is no such key. The
	// keys that it has stay good.
	r := getFrom(t, s, "/token", bearerOf(t, s, issuer.Token{KeyID: "nobody"}))
	r.is(t, http.StatusServiceUnavailable)
	if r.headers.Get("Retry-After") == "" || r.headers.Get("WWW-Authenticate") != "" {
		t.Errorf("headers %v", r.headers)
	}
	getFrom(t, s, "/token", token).is(t, http.StatusOK)
}

// TestAKidThatIsNotPublished is told to come again where the process fetches keys no sooner, because of another test.
func TestAKidThatIsNotPublished(t *testing.T) {
	token := bearer(t, issuer.Token{KeyID: "nobody"})
	var r reply
	eventually.Holds(t, 2*coolDown, "the kid to be looked for", func() bool {
		if r = get(t, "/token", token); r.status == http.StatusServiceUnavailable && r.headers.Get("Retry-After") == "" {
			t.Errorf("headers %v", r.headers)
		}
		return r.status != http.StatusServiceUnavailable
	})
	r.is(t, http.StatusUnauthorized)
	if got := r.headers.Get("WWW-Authenticate"); !strings.HasPrefix(got, invalidToken) || r.problem(t).Detail == "" {
		t.Errorf("challenge %s", got)
	}
}

// TestATokenOfANewKeyDuringACoolDown has a random kid come before the rotation: the first good token is told to come
// again, never that it is invalid.
func TestATokenOfANewKeyDuringACoolDown(t *testing.T) {
	s := start(t, sandbox.Options{})
	getFrom(t, s, "/token", bearerOf(t, s, issuer.Token{})).is(t, http.StatusOK)
	getFrom(t, s, "/token", bearerOf(t, s, issuer.Token{KeyID: "random"})).is(t, http.StatusUnauthorized)
	if _, err := s.Issuer.Rotate(); err != nil {
		t.Fatal(err)
	}
	token := bearerOf(t, s, issuer.Token{})
	r := getFrom(t, s, "/token", token)
	r.is(t, http.StatusServiceUnavailable)
	if r.headers.Get("Retry-After") != "5" || r.headers.Get("WWW-Authenticate") != "" {
		t.Errorf("headers %v", r.headers)
	}
	logHas(t, s.AccessLog(), r.id(), `"reason":"kid_unknown"`)
	eventually.Holds(t, 2*coolDown, "the new key", func() bool {
		r = getFrom(t, s, "/token", token)
		return r.status != http.StatusServiceUnavailable
	})
	r.is(t, http.StatusOK)
}
