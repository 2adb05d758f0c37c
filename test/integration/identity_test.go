package integration

import (
	"net/http"
	"strings"
	"testing"

	"tollgate/test/issuer"
)

// identity is what the echo was told of the client, by header name without regard to case, dash and
// underscore: an upstream may not tell them apart.
func identity(t *testing.T, r reply) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, values := range r.upstream(t).Headers {
		plain := strings.ReplaceAll(strings.ToLower(name), "_", "-")
		if strings.HasPrefix(plain, "x-consumer-") || strings.HasPrefix(plain, "x-credential-") ||
			strings.HasPrefix(plain, "x-authenticated-") || plain == "x-anonymous-consumer" {
			found[plain] = append(found[plain], values...)
		}
	}
	return found
}

func TestTheUpstreamIsToldTheConsumer(t *testing.T) {
	got := identity(t, get(t, "/token", bearer(t, issuer.Token{Client: "premium-app"})))
	for name, want := range map[string]string{
		"x-consumer-username": "premium-app", "x-consumer-custom-id": "crm-premium-app", "x-credential-identifier": "premium-app",
	} {
		if strings.Join(got[name], "|") != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if id := got["x-consumer-id"]; len(id) != 1 || len(id[0]) != 36 {
		t.Errorf("x-consumer-id: %q", id)
	}
}

func TestAClientWithoutAConsumerHasACredentialOnly(t *testing.T) {
	for _, row := range []struct {
		name  string
		token issuer.Token
		want  string
	}{
		{"the credential is the client_id", issuer.Token{Client: "nobody's-app"}, "nobody's-app"},
		{"the credential is the sub where there is no client_id", issuer.Token{Subject: "alice@example.com", Claims: map[string]any{"client_id": nil}}, "alice@example.com"},
		{"what does not belong into a header is encoded", issuer.Token{Client: "täst\r\nX-Admin: 1"}, "t%C3%A4st%0D%0AX-Admin: 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := identity(t, get(t, "/token", bearer(t, row.token)))
			if len(got) != 2 || strings.Join(got["x-credential-identifier"], "|") != row.want || len(got["x-authenticated-userid"]) != 1 {
				t.Errorf("the upstream was told %v, want %q and the user alone", got, row.want)
			}
		})
	}
}

func TestACopyOfAnIdentityHeaderFromTheClientIsRemoved(t *testing.T) {
	var forged []string
	for _, name := range []string{
		"X-Consumer-Id", "X-Consumer-Username", "X-Consumer-Custom-Id", "X-Credential-Identifier",
		"X-Anonymous-Consumer", "X-Authenticated-Userid", "X-Authenticated-Groups", "X-Consumer-Groups",
	} {
		under := strings.ReplaceAll(name, "-", "_")
		mixed := strings.Replace(name, "-", "_", 1)
		for _, spelling := range []string{name, under, mixed, strings.ToUpper(name), strings.ToLower(under)} {
			forged = append(forged, spelling+": admin")
		}
	}
	for _, client := range []string{"premium-app", "nobodys-app"} {
		for name, values := range identity(t, get(t, "/token", append(forged, bearer(t, issuer.Token{Client: client}))...)) {
			if strings.Contains(strings.Join(values, "|"), "admin") {
				t.Errorf("client %s: the upstream saw %s: %q", client, name, values)
			}
		}
	}
}

// A gateway takes off what Connection names (RFC 9110, section 7.6.1), and so would take off what
// jwks-verify has set: the upstream would not learn who asks.
func TestAClientCannotHaveTheIdentityTakenOff(t *testing.T) {
	r := get(t, "/token", bearer(t, issuer.Token{Client: "premium-app"}),
		"Connection: X-Consumer-ID, X-Consumer-Username, X-Consumer-Custom-ID, X-Credential-Identifier")
	r.is(t, http.StatusBadRequest)
	r.problem(t)
	if got := accessLog(t, r).tollgate("jwks_verify")["reason"]; got != "malformed" {
		t.Errorf("reason %v", got)
	}
}

func TestARouteMayRequireAConsumer(t *testing.T) {
	r := get(t, "/registered", bearer(t, issuer.Token{Client: "nobodys-app"}))
	r.is(t, http.StatusForbidden)
	if r.headers.Get("WWW-Authenticate") != "" || r.problem(t).Detail == "" {
		t.Errorf("headers %v, body %s", r.headers, r.body)
	}
	// Of the claims that may name a consumer, the first that does counts.
	r = get(t, "/registered", bearer(t, issuer.Token{Client: "free-app", Claims: map[string]any{"azp": "premium-app"}}))
	if got := identity(t, r)["x-consumer-username"]; strings.Join(got, "|") != "premium-app" {
		t.Errorf("x-consumer-username: %q", got)
	}
	r = get(t, "/registered", bearer(t, issuer.Token{Client: "free-app", Claims: map[string]any{"azp": "nobodys-app"}}))
	if got := identity(t, r)["x-consumer-username"]; strings.Join(got, "|") != "free-app" {
		t.Errorf("x-consumer-username: %q", got)
	}
}
