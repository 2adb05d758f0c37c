package integration

import (
	"net/http"
	"strings"
	"testing"
)

// TestKongsSchemaRefusesBadGuards asks the Admin API for what its schema can tell.
func TestKongsSchemaRefusesBadGuards(t *testing.T) {
	realKongOnly(t)
	for config, says := range map[string]string{
		`{"presets": ["tls"]}`:                                          "presets",
		`{"rules": [{"header": "a", "methods": ["get"]}]}`:              "methods",
		`{"any_of": [{"headers": ["a"]}]}`:                              "headers",
		`{"hosts": ["a"], "spoofed_headers": ["X-*-Y"]}`:                "spoofed_headers",
		`{"hosts": ["a"], "audit_sample": 2}`:                           "audit_sample",
		`{"trusted_peers": ["::1"], "witness": {}}`:                     "secrets",
		`{"trusted_peers": ["::1"], "witness": {"secrets": ["short"]}}`: "secrets",
	} {
		r := validate(t, "header-guard", config)
		r.is(t, http.StatusBadRequest)
		if !strings.Contains(string(r.body), says) {
			t.Errorf("of %s Kong says %s", config, r.body)
		}
	}
	for _, config := range []string{
		`{"presets": ["authorization", "forwarded", "host", "tls_offload"]}`, `{"hosts": ["a"], "spoofed_headers": []}`,
		`{"trusted_peers": ["::1"], "fingerprint_key": "{vault://env/k}", "witness": {"secrets": ["{vault://env/s}"]}}`,
	} {
		validate(t, "header-guard", config).is(t, http.StatusOK)
	}
}
