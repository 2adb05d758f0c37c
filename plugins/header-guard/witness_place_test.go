package headerguard

import (
	"fmt"
	"testing"
)

// TestThePlaceIsThatOfWhatIsAtFault: the header that a rule names is often not the one that somebody added.
func TestThePlaceIsThatOfWhatIsAtFault(t *testing.T) {
	for _, row := range []struct {
		name           string
		rule           string
		headers        headers
		received, sent string
		want           string // of the first violation: header, reason, place, and the length of its value
	}{
		{"the client sent another spelling, and the load balancer the right one", `{"header":"X-Tenant"}`,
			headers{"x_tenant": {"c"}, "x-tenant": {"f5"}}, "host,x_tenant", "host,x_tenant,x-tenant", "x-tenant alias added_by_client 1"},
		{"the client sent only another spelling", `{"header":"X-Tenant"}`,
			headers{"x_tenant": {"c"}}, "host,x_tenant", "host,x_tenant", "x-tenant alias added_by_client 1"},
		{"the load balancer wrote another spelling", `{"header":"X-Tenant"}`,
			headers{"x_tenant": {"f5"}, "x-tenant": {"c"}}, "host,x-tenant", "host,x-tenant,x_tenant", "x-tenant alias added_by_f5 2"},
		{"each sent another spelling", `{"header":"X-Tenant-Id"}`,
			headers{"x-tenant_id": {"f5"}, "x_tenant_id": {"client"}}, "host,x_tenant_id", "host,x_tenant_id,x-tenant_id", "x-tenant-id alias added_by_client 6"},
		{"Connection, which the client sent, names what the load balancer sent", `{"header":"X-Tenant"}`,
			headers{"connection": {"X-Tenant"}, "x-tenant": {"f5"}}, "host,connection", "host,connection,x-tenant", "x-tenant hop_by_hop unknown 2"},
		{"Connection, which the load balancer added, names what the client sent", `{"header":"X-Tenant"}`,
			headers{"connection": {"X-Tenant"}, "x-tenant": {"c"}}, "host,x-tenant", "host,x-tenant,connection", "x-tenant hop_by_hop added_by_f5 1"},
		{"the client sent as many lines as are allowed, and the load balancer one more", `{"header":"X-Tenant","max_count":2}`,
			headers{"x-tenant": {"a", "b", "f5"}}, "host,x-tenant*2", "host,x-tenant*3", "x-tenant duplicate added_by_f5 2"},
		{"the client sent one line too many", `{"header":"X-Tenant","max_count":2}`,
			headers{"x-tenant": {"a", "b", "c"}}, "host,x-tenant*3", "host,x-tenant*3", "x-tenant duplicate added_by_client 1"},
		{"each sent a spelling of what only the gateway sets", `{"header":"Host"}`,
			headers{"x-consumer-id": {"f5"}, "x_consumer_id": {"client"}}, "host,x_consumer_id", "host,x_consumer_id,x-consumer-id",
			"x-consumer-id spoofed added_by_client 6"},
		{"each sent a name under one pattern", `{"header":"Host"}`,
			headers{"x-consumer-aaa": {"f5"}, "x-consumer-mmm": {"f5"}, "x-consumer-zzz": {"client"}}, "host,x-consumer-zzz", "host,x-consumer-zzz,x-consumer-aaa,x-consumer-mmm",
			"x-consumer-* spoofed added_by_client 6"},
		{"the client sent a name under a pattern", `{"header":"Host"}`,
			headers{"x-consumer-aaa": {"client"}}, "host,x-consumer-aaa", "host,x-consumer-aaa", "x-consumer-* spoofed added_by_client 6"},
		{"the load balancer sent all names under a pattern", `{"header":"Host"}`,
			headers{"x-consumer-aaa": {"f5"}, "x-consumer-zzz": {"client"}}, "host", "host,x-consumer-zzz,x-consumer-aaa", "x-consumer-* spoofed added_by_f5 2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := standOf(t, fmt.Sprintf(`{"rules":[%s],"refuse_hop_by_hop":false,"trusted_peers":["10.0.0.5"],"on_untrusted_peer":"allow",
				"witness":{"secrets":[%q]}}`, row.rule, witnessSecret))
			row.headers["x-f5-witness"] = []string{witnessOf(standNow, row.received, row.sent)}
			out := s.run(t, sent(row.headers))
			if len(out.Logs) != 1 {
				t.Fatalf("%d log lines", len(out.Logs))
			}
			v := object(t, out.Logs[0].Text)["violations"].([]any)[0].(map[string]any)
			if got := fmt.Sprint(v["header"], " ", v["reason"], " ", v["place"], " ", v["value_length"]); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// TestTheDigestCoversThePathAsItCame: the router's path is another.
func TestTheDigestCoversThePathAsItCame(t *testing.T) {
	const path = "/api//a/../b%41;x=1"
	s := standOf(t, fmt.Sprintf(witnessed, modeEnforce))
	k := sent(headers{"x-f5-witness": {witnessFor(path, standNow, "host", "host")}})
	k.Vars["request"] = "GET " + path + "?q HTTP/1.1"
	if line := object(t, s.run(t, k).Logs[0].Text); line["witness"] != "good" {
		t.Errorf("witness %v", line["witness"])
	}
}
