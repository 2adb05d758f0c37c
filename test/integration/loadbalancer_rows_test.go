package integration

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	lb "tollgate/test/loadbalancer"
)

// balancedRow is one thing that a F5 does to requests, and what the gateway makes of it.
type balancedRow struct {
	name   string
	change func(*lb.Behaviour)
	sends  []string
	status int
	// want are the violations behind a F5 with its witness. Behind haproxy and nginx, which give none, they
	// are the same at a place that is unknown.
	want []found
	// f5Only marks what haproxy and nginx do not let through, or cannot do.
	f5Only bool
}

// sentBut are the lines of sent, but for the tenant's, and others.
func sentBut(more ...string) []string {
	return append(slices.DeleteFunc(sent(), func(line string) bool { return strings.HasPrefix(line, "X-Tenant-Id") }), more...)
}

// balancedRows are what a F5 does, one after another.
func balancedRows() []balancedRow {
	set := func(name, value string) func(*lb.Behaviour) {
		return func(b *lb.Behaviour) { b.Replace = append(b.Replace, lb.Line{Name: name, Value: value}) }
	}
	proto := func(lines ...lb.Line) func(*lb.Behaviour) { return func(b *lb.Behaviour) { b.Replace = lines } }
	return []balancedRow{
		{"Request Header Erase overwrites a value", func(b *lb.Behaviour) { b.Erase = []string{"Authorization"} }, sent(),
			401, []found{{"authorization", "blank", "stripped_by_f5"}}, false},
		{"an iRule removes a header", func(b *lb.Behaviour) { b.Delete = []string{"Authorization"} }, sent(),
			401, []found{{"authorization", "missing", "stripped_by_f5"}}, false},
		{"an iRule removes two headers", func(b *lb.Behaviour) { b.Delete = []string{"X-Tenant-Id", "Authorization"} }, sent(),
			401, []found{{"authorization", "missing", "stripped_by_f5"}, {"x-tenant-id", "missing", "stripped_by_f5"}}, false},
		{"the client has not sent it", nil, sentBut(),
			400, []found{{"x-tenant-id", "missing", "not_sent_by_client"}}, false},
		{"the client has sent it blank", nil, sentBut("X-Tenant-Id:"),
			400, []found{{"x-tenant-id", "blank", "not_sent_by_client"}}, false},
		{"an iRule rewrites a value", set("X-Tenant-Id", "ACME"), sent(),
			400, []found{{"x-tenant-id", "pattern", "unknown"}}, false},
		{"an iRule sets what the client has not sent", set("X-Tenant-Id", "ACME"), sentBut(),
			400, []found{{"x-tenant-id", "pattern", "added_by_f5"}}, false},
		{"the client sends a header twice", nil, sent("X-Tenant-Id: other"),
			400, []found{{"x-tenant-id", "duplicate", "added_by_client"}}, false},
		{"Request Header Insert adds a second line", func(b *lb.Behaviour) { b.Insert = []lb.Line{{Name: "X-Tenant-Id", Value: "f5"}} }, sent(),
			400, []found{{"x-tenant-id", "duplicate", "added_by_f5"}}, true},
		{"Insert X-Forwarded-For adds a second line", nil, sent("X-Forwarded-For: 192.0.2.1"),
			400, []found{{"x-forwarded-for", "forwarded_for", "unknown"}}, false},
		{"Insert X-Forwarded-For is off", func(b *lb.Behaviour) { b.ForwardedFor = false }, sent(),
			400, []found{{"x-forwarded-for", "forwarded_for", "not_sent_by_client"}}, false},
		{"nothing adds X-Forwarded-Proto", proto(), sent(),
			400, []found{{"x-forwarded-proto", "forwarded_proto", "not_sent_by_client"}}, false},
		{"X-Forwarded-Proto lists two", proto(lb.Line{Name: "X-Forwarded-Proto", Value: "https, http"}), sent(),
			400, []found{{"x-forwarded-proto", "forwarded_proto", "added_by_f5"}}, false},
		{"Via is removed", func(b *lb.Behaviour) { b.Delete = []string{"Via"} }, sent(),
			400, []found{{"via", "missing", "stripped_by_f5"}}, false},
		{"Host is rewritten", func(b *lb.Behaviour) { b.Host = "internal.example" }, sent(),
			421, []found{{"host", "host_mismatch", "unknown"}}, false},
		{"the client calls itself a consumer", nil, sent("X-Consumer-Id: 1"),
			400, []found{{"x-consumer-id", "spoofed", "added_by_client"}}, false},
		{"an iRule names a consumer", set("X-Consumer-Username", "f5"), sent(),
			400, []found{{"x-consumer-username", "spoofed", "added_by_f5"}}, false},
		{"the client writes a name with underscores", nil, sentBut("X_Tenant_Id: acme"),
			400, []found{{"x-tenant-id", "alias", "added_by_client"}}, false},
		{"an iRule sets what the client writes with underscores", set("X-Tenant-Id", "f5"), sentBut("X_Tenant_Id: acme"),
			400, []found{{"x-tenant-id", "alias", "added_by_client"}}, true},
		{"a client and an iRule name a consumer", set("X-Consumer-Id", "f5"), sent("X_Consumer_Id: 1"),
			400, []found{{"x-consumer-id", "spoofed", "added_by_client"}}, true},
		{"Connection names a header", nil, sent("Connection: X-Tenant-Id"),
			400, []found{{"connection", "hop_by_hop", "unknown"}, {"x-tenant-id", "hop_by_hop", "unknown"}}, true},
		{"Connection names Content-Length", nil, sent("Connection: Content-Length"),
			400, []found{{"content-length", "content_length", "unknown"}}, true},
	}
}

func tellWhatWasDone(t *testing.T, gateway string) {
	for _, row := range balancedRows() {
		b := usual(row.change)
		balancers := map[string]balancer{"the proxy": lb.F5{Behaviour: b, Secret: witnessKey}}
		if !row.f5Only {
			balancers["haproxy"], balancers["nginx"] = lb.HAProxy{Behaviour: b}, lb.Nginx{Behaviour: b}
		}
		for _, name := range slices.Sorted(maps.Keys(balancers)) {
			t.Run(row.name+" by "+name, func(t *testing.T) {
				r := through(t, balancers[name].Start(t, gateway), row.sends...)
				r.is(t, row.status)
				want := slices.Clone(row.want)
				for i := range want {
					if name != "the proxy" {
						want[i].Place = "unknown"
					}
				}
				if diff := cmp.Diff(want, violationsOf(t, r)); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// seeNothingRejected: neither an answer nor a line in the gateway's log tells of it. That of a later request
// is there when the look is taken.
func seeNothingRejected(t *testing.T, gateway, log string) {
	f5 := lb.F5{Behaviour: usual(func(b *lb.Behaviour) { b.Reject = []string{http.MethodPatch} }), Secret: witnessKey}
	addr, atFault := f5.Start(t, gateway), sentBut()
	if r, err := throughTo(shared.client, addr, http.MethodPatch, "/api/rejected", atFault); err == nil {
		t.Errorf("status %d", r.status)
	}
	if _, err := throughTo(shared.client, addr, http.MethodPost, "/api/accepted", atFault); err != nil {
		t.Fatal(err)
	}
	logHas(t, log, `"decision":"rejected"`, `"path":"/api/accepted"`)
	if line := lineWith(log, "/api/rejected"); line != "" {
		t.Errorf("the gateway saw it: %s", line)
	}
}

// signThePathAsItCame: Kong's router makes another of it.
func signThePathAsItCame(t *testing.T, gateway string) {
	f5 := lb.F5{Behaviour: usual(func(b *lb.Behaviour) { b.Delete = []string{"Authorization"} }), Secret: witnessKey}
	r, err := throughTo(shared.client, f5.Start(t, gateway), http.MethodGet, "/api//a/../b%41;x=1?q", sent())
	if err != nil {
		t.Fatal(err)
	}
	r.is(t, http.StatusUnauthorized)
	if diff := cmp.Diff([]found{{"authorization", "missing", "stripped_by_f5"}}, violationsOf(t, r)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

// leaveAMissingHostToNginx: no plugin sees such a request.
func leaveAMissingHostToNginx(t *testing.T, gateway string) {
	f5 := lb.F5{Behaviour: usual(func(b *lb.Behaviour) { b.Delete = []string{"Host"} }), Secret: witnessKey}
	r := through(t, f5.Start(t, gateway), sent()...)
	r.is(t, http.StatusBadRequest)
	if got := r.headers.Get("Content-Type"); got == "application/problem+json" {
		t.Errorf("a plugin answered: %s", r.body)
	}
}
