package integration

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

func TestKongOverTLSAndHTTP2(t *testing.T) {
	realKongOnly(t)
	const timeout = 10 * time.Second
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, // Kong made the certificate itself
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, shared.TLSURL+"/limited/token", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	token := bearer(t, issuer.Token{Client: "premium-app"})
	request.Header.Set("Authorization", strings.TrimPrefix(token, "Authorization: "))
	request.Header["x_consumer_username"] = []string{"admin"}
	response, err := (&http.Client{Transport: transport, Timeout: timeout}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 || response.Header.Get("X-RateLimit-Limit-Second") != "100" {
		t.Errorf("status %d, %s, headers %v", response.StatusCode, response.Proto, response.Header)
	}
}

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

// TestKongsSchemasRefuse asks the Admin API, as decK and Kong Manager do, before a bad configuration can
// do harm.
func TestKongsSchemasRefuse(t *testing.T) {
	realKongOnly(t)
	for _, row := range []struct{ name, plugin, config, says string }{
		{"nothing to guard", "header-guard", `{}`, "rules"},
		{"a status that is no error", "header-guard", `{"rules": [{"header": "a", "status": 200}]}`, "status"},
		{"a name that is no header", "header-guard", `{"rules": [{"header": "a b"}]}`, "header"},
		{"an unknown mode", "header-guard", `{"mode": "off", "rules": [{"header": "a"}]}`, "mode"},
		{"an unknown field", "header-guard", `{"rule": [{"header": "a"}]}`, "rule"},
		{"no issuers", "jwks-verify", `{"issuers": []}`, "issuers"},
		{"an algorithm that is not known", "jwks-verify", `{"issuers": [{"issuer": "a", "jwks_uri": "https://a", "audiences": ["a"], "algorithms": ["none"]}]}`, "algorithms"},
		{"a leeway of an hour", "jwks-verify", `{"leeway_seconds": 3600, "issuers": [{"issuer": "a", "jwks_uri": "https://a", "audiences": ["a"]}]}`, "leeway_seconds"},
		{"no tiers", "tiered-limit", `{"tiers": [], "default_tier": "a", "redis": {"host": "a"}}`, "tiers"},
		{"a rate of zero", "tiered-limit", `{"tiers": [{"name": "a", "tps": 0}], "default_tier": "a", "redis": {"host": "a"}}`, "tps"},
		{"a burst without a rate", "tiered-limit", `{"tiers": [{"name": "a", "burst": 5}], "default_tier": "a", "redis": {"host": "a"}}`, "tps"},
		{"no redis", "tiered-limit", `{"tiers": [{"name": "a"}], "default_tier": "a"}`, "redis"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := validate(t, row.plugin, row.config)
			r.is(t, http.StatusBadRequest)
			if !strings.Contains(string(r.body), row.says) {
				t.Errorf("Kong says %s", r.body)
			}
		})
	}
	for plugin, config := range map[string]string{
		"header-guard": `{"any_of": [{"headers": ["a", "b"]}]}`,
		"jwks-verify":  `{"issuers": [{"issuer": "a", "jwks_uri": "https://a", "audiences": ["a"]}]}`,
		"tiered-limit": `{"tiers": [{"name": "a", "tps": 5, "burst": 5}], "default_tier": "a", "redis": {"host": "a", "password": "{vault://env/redis}"}}`,
	} {
		validate(t, plugin, config).is(t, http.StatusOK)
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

// TestKongReloads does so in its two other ways, and finds each request answered meanwhile.
func TestKongReloads(t *testing.T) {
	realKongOnly(t)
	s := start(t, sandbox.Options{})
	l := startLoad(t, s, bearerOf(t, s, issuer.Token{Client: "load-app"}))
	eventually.Holds(t, 10*time.Second, "the load to run", func() bool { return l.good(time.Time{}) > 20 })
	if out, err := s.KongCommand("reload"); err != nil {
		t.Fatalf("kong reload: %v\n%s", err, out)
	}
	reloaded := time.Now()
	eventually.Holds(t, 10*time.Second, "traffic after kong reload", func() bool { return l.good(reloaded) > 50 })
	changed, err := s.Render(bytes.ReplaceAll(suiteConfig, []byte("paths: [/open]"), []byte("paths: [/open, /fresh]")))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"config": {string(changed)}}
	post(t, s, "/config", "application/x-www-form-urlencoded", form.Encode()).is(t, http.StatusCreated)
	eventually.Holds(t, 10*time.Second, "the new route", func() bool { return getFrom(t, s, "/fresh").status == http.StatusOK })
	posted := time.Now()
	eventually.Holds(t, 10*time.Second, "traffic after POST /config", func() bool { return l.good(posted) > 50 })
	for _, a := range l.end() {
		if a.status != http.StatusOK {
			t.Errorf("a request got %d, %s after kong reload", a.status, a.at().Sub(reloaded))
		}
	}
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
