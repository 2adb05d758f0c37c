package integration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeaderGuardRefusesWhatIsMissing(t *testing.T) {
	const tenant, basic, client = "X-Tenant-Id: acme", "Authorization: Basic eDp5", "X-Client-Id: shop"
	at := func(rule, header, reason string) violation { return violation{rule, header, reason, "unknown"} }
	for _, row := range []struct {
		name       string
		headers    []string
		status     int
		violations []violation
	}{
		{"a header that is missing", []string{basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "missing")}},
		{"a header without a value", []string{"X-Tenant-Id:", basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "blank")}},
		{"a value that does not match", []string{"X-Tenant-Id: ACME!", basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "pattern")}},
		{"a name with an underscore is another name", []string{"X_Tenant_Id: acme", basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "alias")}},
		{"both names", []string{"X_Tenant_Id: acme", tenant, basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "alias")}},
		{"two lines", []string{tenant, "X-Tenant-Id:", basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "duplicate")}},
		{"a value that is no UTF-8", []string{"X-Tenant-Id: acm\xe9", basic, client}, 400, []violation{at("rules[1]", "x-tenant-id", "not_utf8")}},
		{"a header that Connection takes off on the way", []string{tenant, "Connection: X-Tenant-Id", basic, client}, 400, []violation{at("hop_by_hop", "connection", "hop_by_hop"), at("rules[1]", "x-tenant-id", "hop_by_hop")}},
		{"what only the gateway sets", []string{"X_Consumer_Username: admin", tenant, basic, client}, 400, []violation{at("spoofed", "x-consumer-username", "spoofed")}},
		{"the status is the rule's own", []string{tenant, client}, 401, []violation{at("rules[2]", "authorization", "missing")}},
		{"none of a group", []string{tenant, basic}, 403, []violation{at("any_of[1]", "x-client-cert", "missing"), at("any_of[1]", "x-client-id", "missing")}},
		{"the first of several gives the status", []string{client}, 400, []violation{at("rules[1]", "x-tenant-id", "missing"), at("rules[2]", "authorization", "missing")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := get(t, "/guard", row.headers...)
			r.is(t, row.status)
			if diff := cmp.Diff(row.violations, r.problem(t).Violations); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
			if strings.Contains(string(r.body), "ACME!") || strings.Contains(string(r.body), "eDp5") {
				t.Errorf("the answer holds a value of the request: %s", r.body)
			}
			if challenge := r.headers.Get("WWW-Authenticate"); (challenge != "") != (row.status == http.StatusUnauthorized) {
				t.Errorf("status %d with the challenge %q", row.status, challenge)
			}
		})
	}
}

func TestHeaderGuardLetsPassWhatIsThere(t *testing.T) {
	for _, group := range []string{"X-Client-Id: shop", "x-client-cert: pem"} {
		r := get(t, "/guard", "x-tenant-id: acme", "Authorization: Basic eDp5", group)
		r.is(t, http.StatusOK)
		if got := r.upstream(t).Headers["X-Tenant-Id"]; len(got) != 1 || got[0] != "acme" {
			t.Errorf("the upstream saw X-Tenant-Id %q", got)
		}
	}
}

func TestHeaderGuardInAuditOnlyReports(t *testing.T) {
	r := get(t, "/audit", "X-Tenant-Id: NOT-VALID-BUT-SECRET")
	r.is(t, http.StatusOK)
	r.upstream(t)
	want := map[string]any{
		"decision": "audited", "status": 400.0,
		"violations": []any{map[string]any{
			"rule": "rules[1]", "header": "x-tenant-id", "reason": "pattern", "place": "unknown", "mode": "audit",
		}},
	}
	if diff := cmp.Diff(want, accessLog(t, r).tollgate("header_guard")); diff != "" {
		t.Errorf("tollgate.header_guard (-want +got):\n%s", diff)
	}
	line := logHas(t, shared.ErrorLog(), r.id(), `"decision":"audited"`)
	if strings.Contains(line, "NOT-VALID") || !strings.Contains(line, "x-tenant-id") {
		t.Errorf("Kong's log has %s", line)
	}
}
