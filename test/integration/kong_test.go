package integration

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

func TestKongsAdminRootAnswers(t *testing.T) {
	realKongOnly(t)
	r, err := send(shared.AdminURL + "/")
	if err != nil {
		t.Fatal(err)
	}
	r.is(t, http.StatusOK)
	var root struct {
		Plugins struct {
			Available map[string]struct {
				Priority int
				Version  string
			} `json:"available_on_server"`
		}
	}
	if err := json.Unmarshal(r.body, &root); err != nil {
		t.Fatal(err)
	}
	for name, priority := range map[string]int{"header-guard": 1990, "jwks-verify": 1460, "tiered-limit": 920} {
		if got := root.Plugins.Available[name]; got.Priority != priority || got.Version == "" {
			t.Errorf("%s: %+v, want the priority %d", name, got, priority)
		}
	}
}

func validate(t *testing.T, plugin, config string) reply {
	t.Helper()
	return post(t, shared.Sandbox, "/schemas/plugins/validate", "application/json", `{"name": "`+plugin+`", "config": `+config+`}`)
}

// post sends a body to the Admin API.
func post(t *testing.T, s *sandbox.Sandbox, path, kind, body string) reply {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.AdminURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	r, err := do(shared.client, request)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLaterPluginsReadTheClaims lets Kong's post-function tell the upstream what jwks-verify handed on.
func TestLaterPluginsReadTheClaims(t *testing.T) {
	realKongOnly(t)
	s := start(t, sandbox.Options{Config: []byte(claimsConfig)})
	r := getFrom(t, s, "/claims", bearerOf(t, s, issuer.Token{Client: "shop", Scope: "read write", Claims: map[string]any{"roles": []string{"a", "b"}}}))
	seen := r.upstream(t).Headers
	for name, want := range map[string]string{"X-Claim-Client": "shop", "X-Claim-Scope": "read write", "X-Claim-Role": "b"} {
		if got := strings.Join(seen[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

const claimsConfig = `
_format_version: "3.0"
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - name: claims
        paths: [/claims]
        plugins:
          - name: jwks-verify
            config:
              issuers: [{issuer: '${{ env "DECK_ISSUER" }}', jwks_uri: '${{ env "DECK_JWKS_URI" }}', audiences: ['${{ env "DECK_AUDIENCE" }}']}]
              insecure_http: true
              shared_claims: [client_id, scope, roles]
          - name: post-function
            config:
              access:
                - |
                  local claims = kong.ctx.shared.tollgate_claims
                  kong.service.request.set_header("X-Claim-Client", claims.client_id)
                  kong.service.request.set_header("X-Claim-Scope", claims.scope)
                  kong.service.request.set_header("X-Claim-Role", claims.roles[2])
`
