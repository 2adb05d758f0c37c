package integration

import (
	"net/http"
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
