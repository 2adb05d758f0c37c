package integration

import (
	"net/http"
	"strings"
	"testing"

	"tollgate/test/sandbox"
)

// TestAConfigurationThatOnlyThePluginCanRefuse reads all problems in one line, and finds the rest of the
// gateway as it was.
func TestAConfigurationThatOnlyThePluginCanRefuse(t *testing.T) {
	r := get(t, "/refused", "X-Tenant-Id: acme")
	r.is(t, http.StatusInternalServerError)
	if p := r.problem(t); strings.Contains(string(r.body), "rules") || p.Detail == "" {
		t.Errorf("the client is told %s", r.body)
	}
	for _, log := range []string{shared.ErrorLog(), shared.RunLog()} {
		logHas(t, log, "rules[1].match", "rules[2].header")
	}
	get(t, "/open").is(t, http.StatusOK)
}

func TestEveryPluginRefusesWhatKongLetThrough(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(refusedConfig)})
	for path, wants := range map[string][]string{
		"/no-tier": {"default_tier", "platinum"},
		"/no-tls":  {"issuers[1].jwks_uri", "insecure_http"},
	} {
		getFrom(t, s, path, "Authorization: Bearer abc").is(t, http.StatusInternalServerError)
		logHas(t, s.ErrorLog(), wants...)
	}
	getFrom(t, s, "/open").is(t, http.StatusOK)
}

const refusedConfig = `
_format_version: "3.0"
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - name: no-tier
        paths: [/no-tier]
        plugins:
          - name: tiered-limit
            config: {tiers: [{name: free, tps: 1}], default_tier: platinum, redis: {host: localhost}}
      - name: no-tls
        paths: [/no-tls]
        plugins:
          - name: jwks-verify
            config: {issuers: [{issuer: x, jwks_uri: 'http://issuer.example/jwks', audiences: [x]}]}
`
