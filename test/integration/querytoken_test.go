package integration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// TestARefusedQueryTokenStandsInNoLog sends tokens that are among the suite's secrets: those of the error log and of
// the plugin server's are looked for when the gateway has ended, too.
func TestARefusedQueryTokenStandsInNoLog(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(identityConfig)})
	for _, row := range []struct {
		name  string
		query func(token string) string
		with  bool // a token in the header, too
	}{
		{"alone", func(token string) string { return "access_token=" + token }, false},
		{"beside a token in the header", func(token string) string { return "a=1&access_token=" + token }, true},
		{"as PHP reads it", func(token string) string { return "access.token%5B%5D=" + token }, true},
		{"its name encoded", func(token string) string { return "%61ccess_token=" + url.QueryEscape(token) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := strings.TrimPrefix(bearerOf(t, s, issuer.Token{Client: "app"}), "Authorization: Bearer ")
			shared.secrets.know(token, "a token of a query")
			var headers []string
			if row.with {
				headers = []string{bearerOf(t, s, issuer.Token{Client: "app"})}
			}
			r := getFrom(t, s, "/queries?"+row.query(token), headers...)
			r.is(t, http.StatusBadRequest)
			if p := r.problem(t); strings.Contains(string(r.body), token) || p.Detail == "" {
				t.Error("the answer has the token, or no detail")
			}
			line := logHas(t, s.AccessLog(), r.id())
			if strings.Contains(line, token) || strings.Contains(line, token[strings.LastIndex(token, "."):]) {
				t.Error("the access log has the token")
			}
			wantRedacted(t, line)
			if n := linesWith(t, s.ErrorLog(), r.id()); n != 0 {
				t.Errorf("the error log has %d lines on the request", n)
			}
		})
	}
	if err := shared.secrets.findIn(s); err != nil {
		t.Error(err)
	}
}

// wantRedacted wants the members of the access log that hold the query to say so, and the reason.
func wantRedacted(t *testing.T, line string) {
	t.Helper()
	var got struct {
		Request     struct{ Querystring, URI, URL any }
		UpstreamURI any `json:"upstream_uri"`
		Tollgate    map[string]any
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal("the line is no JSON")
	}
	const redacted = "REDACTED"
	found := []any{got.Request.Querystring, got.Request.URI, got.Request.URL, got.UpstreamURI, got.Tollgate["jwks_verify"]}
	want := []any{redacted, redacted, redacted, redacted, map[string]any{"reason": "malformed"}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("querystring, uri, url, upstream_uri and reason (-want +got):\n%s", diff)
	}
}

// TestAQueryTokenThatNobodyLooksForStandsInTheLogs is what the option is for.
func TestAQueryTokenThatNobodyLooksForStandsInTheLogs(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(identityConfig)})
	const marker = "access_token=what-is-no-secret"
	r := getFrom(t, s, "/claims?"+marker)
	r.is(t, http.StatusUnauthorized)
	logHas(t, s.ErrorLog(), "[warn]", marker, "reason=no_token")
	logHas(t, s.AccessLog(), r.id(), marker)
}
