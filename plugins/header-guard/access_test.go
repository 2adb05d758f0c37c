package headerguard

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kong"
	"tollgate/internal/kongtest"
)

// rules is a rule on X-Tenant (422) and a group of credentials (401).
const rules = `{"mode":%q,"fingerprint_key":"0123456789abcdef",
	"rules":[{"header":"X-Tenant","match":"^[a-z]+$","status":422}],
	"any_of":[{"headers":["Authorization","apikey"],"status":401}]%s}`

func TestAPassingRequestCostsOneCall(t *testing.T) {
	for name, more := range map[string]string{
		"rules":      ``,
		"scoped":     `,"presets":["forwarded"],"exempt":{"paths":["/health"],"peers":["10.0.0.9"]}`,
		"peers told": `,"trusted_peers":["10.0.0.9"],"on_untrusted_peer":"allow"`,
		"an auditor": `,"audit_header":"X-Audit"`,
	} {
		for _, mode := range []string{modeEnforce, modeAudit} {
			s := standOf(t, fmt.Sprintf(rules, mode, more))
			out := s.run(t, kongWith(headers{
				"x-tenant": {"acme"}, "apikey": {secret}, "host": {"a"}, "x-forwarded-for": {"192.0.2.1"}, "x-forwarded-proto": {"https"},
			}))
			if diff := cmp.Diff([]string{"kong.request.get_headers"}, out.Calls); diff != "" {
				t.Errorf("%s: calls in mode %s (-want +got):\n%s", name, mode, diff)
			}
			s.decided(t, passed)
		}
	}
}

// The request line goes out with the headers where the connection can do that.
func TestAPassingRequestCostsTwoCallsWhereHostsAreListed(t *testing.T) {
	for _, more := range []string{`"hosts":["a"]`, `"presets":["host"]`} {
		s := standOf(t, `{`+more+`}`)
		out := s.run(t, kongWith(headers{"host": {"a"}}))
		if diff := cmp.Diff([]string{"kong.request.get_headers", "kong.nginx.get_var"}, out.Calls); diff != "" {
			t.Errorf("calls with %s (-want +got):\n%s", more, diff)
		}
		s.decided(t, passed)
	}
}

// The two go out together where the connection can do that.
func TestAPassingRequestCostsTwoCallsWherePeersAreWatched(t *testing.T) {
	s := standOf(t, `{"trusted_peers":["10.0.0.0/24"]}`)
	out := s.run(t, kongWith(headers{"host": {"a"}}))
	if diff := cmp.Diff([]string{"kong.request.get_headers", "kong.client.get_ip"}, out.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.decided(t, passed)
}

func TestARequestOutOfARulesScopeCostsTheLineBesides(t *testing.T) {
	s := standOf(t, `{"rules":[{"header":"x-tenant","methods":["POST"]}]}`)
	out := s.run(t, kongWith(nil))
	if diff := cmp.Diff([]string{"kong.request.get_headers", "kong.nginx.get_var", "kong.client.get_ip"}, out.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.decided(t, passed)
}

func TestEnforceAnswersTheFirstFault(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeEnforce, ""))
	out := s.run(t, kongWith(headers{"x-tenant": {secret}, "authorization": {"  "}}))
	if out.Exit == nil {
		t.Fatalf("the request went on; calls %v", out.Calls)
	}
	if got := out.Exit.Headers["Content-Type"]; out.Exit.Status != 422 || len(got) != 1 || got[0] != "application/problem+json" {
		t.Errorf("status %d, headers %v", out.Exit.Status, out.Exit.Headers)
	}
	if _, ok := out.Exit.Headers["WWW-Authenticate"]; ok {
		t.Error("an answer that is no 401 holds a challenge")
	}
	want := map[string]any{
		"type": "about:blank", "title": "Unprocessable Entity", "status": 422.0, "request_id": kongtest.RequestID,
		"detail": "The request lacks headers that it needs, or holds them in a form that is not accepted.",
		"violations": []any{
			map[string]any{"rule": "rules[1]", "header": "x-tenant", "reason": "pattern", "place": "unknown"},
			map[string]any{"rule": "any_of[1]", "header": "authorization", "reason": "blank", "place": "unknown"},
			map[string]any{"rule": "any_of[1]", "header": "apikey", "reason": "missing", "place": "unknown"},
		},
	}
	if diff := cmp.Diff(want, object(t, string(out.Exit.Body))); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	s.decided(t, rejected)
}

func TestTheClientIsToldAsMuchAsConfigured(t *testing.T) {
	for detail, want := range map[string]any{
		detailFull: []any{
			map[string]any{"rule": "spoofed", "header": "x-consumer-*", "reason": "spoofed", "place": "unknown"},
			map[string]any{"rule": "rules[1]", "header": "x-tenant", "reason": "missing", "place": "unknown"},
			map[string]any{"rule": "any_of[1]", "header": "x-tenant", "reason": "missing", "place": "unknown"},
			map[string]any{"rule": "any_of[1]", "header": "apikey", "reason": "missing", "place": "unknown"},
		},
		detailNames: []any{
			map[string]any{"header": "x-consumer-*"}, map[string]any{"header": "x-tenant"}, map[string]any{"header": "apikey"},
		},
		detailNone: nil,
	} {
		s := standOf(t, fmt.Sprintf(`{"error_detail":%q,"rules":[{"header":"x-tenant"},{"header":"x-audited","mode":"audit"}],
			"any_of":[{"headers":["x-tenant","apikey"]}]}`, detail))
		out := s.run(t, kongWith(headers{"x-consumer-" + strings.ToLower(secret): {"1"}}))
		if diff := cmp.Diff(want, object(t, string(out.Exit.Body))["violations"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", detail, diff)
		}
	}
}

func TestARefusalOfThePeerNamesNoHeader(t *testing.T) {
	s := standOf(t, `{"trusted_peers":["10.0.0.9"],"on_untrusted_peer":"reject"}`)
	out := s.run(t, kongWith(nil))
	want := []any{map[string]any{"rule": "untrusted_peer", "reason": "untrusted_peer", "place": "unknown"}}
	if diff := cmp.Diff(want, object(t, string(out.Exit.Body))["violations"]); diff != "" || out.Exit.Status != 403 {
		t.Errorf("status %d (-want +got):\n%s", out.Exit.Status, diff)
	}
	if line := object(t, out.Logs[0].Text); line["peer"] != "10.0.0.5" || line["trusted_peer"] != false {
		t.Errorf("line %v", line)
	}
}

func TestARejectedRequestCostsTwoTurns(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeEnforce, ""))
	want := []string{
		"kong.request.get_headers",
		"kong.router.get_route", "kong.nginx.get_var", "kong.client.get_ip", // and the request's id, in one turn
		"kong.log.set_serialize_value", "kong.nginx.get_var", "kong.log.warn", "kong.response.exit",
	}
	out := s.run(t, kongWith(nil))
	if diff := cmp.Diff(want, out.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestA401HoldsAChallenge(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeEnforce, ""))
	out := s.run(t, kongWith(headers{"x-tenant": {"acme"}}))
	if out.Exit == nil || out.Exit.Status != 401 {
		t.Fatalf("answer %+v, want 401", out.Exit)
	}
	if got := out.Exit.Headers["WWW-Authenticate"]; len(got) != 1 || got[0] != `Bearer realm="tollgate"` {
		t.Errorf("WWW-Authenticate is %q", got)
	}
}

func TestBothModesReportTheSame(t *testing.T) {
	for mode, want := range map[string]decision{modeEnforce: rejected, modeAudit: audited} {
		t.Run(mode, func(t *testing.T) {
			s := standOf(t, fmt.Sprintf(rules, mode, ""))
			k := kongWith(headers{"x-tenant": {secret}, "authorization": {"  "}})
			k.Scope = kong.Scope{RouteID: "a route", InstanceName: "front"}
			out := s.run(t, k)
			if len(out.Logs) != 1 || out.Logs[0].Level != "warn" {
				t.Fatalf("log lines %v, want one of level warn", out.Logs)
			}
			logged := func(rule, header, reason string, more ...any) map[string]any {
				v := map[string]any{"rule": rule, "header": header, "reason": reason, "place": "unknown", "mode": mode}
				for i := 0; i < len(more); i += 2 {
					v[more[i].(string)] = more[i+1]
				}
				return v
			}
			line := map[string]any{
				"plugin": "header-guard", "decision": string(want), "status": 422.0, "request_id": kongtest.RequestID,
				"peer": "10.0.0.5", "route": "a route", "instance": "front", "method": "GET", "path": "/orders/7",
				"violations": []any{
					logged("rules[1]", "x-tenant", "pattern", "value_length", 11.0, "fingerprint", fingerprints{[]byte("0123456789abcdef")}.of(secret)),
					logged("any_of[1]", "authorization", "blank", "value_length", 2.0, "fingerprint", fingerprints{[]byte("0123456789abcdef")}.of("  ")),
					logged("any_of[1]", "apikey", "missing"),
				},
			}
			if diff := cmp.Diff(line, object(t, out.Logs[0].Text)); diff != "" {
				t.Errorf("log line (-want +got):\n%s", diff)
			}
			member := map[string]any{"tollgate.header_guard": map[string]any{
				"decision": string(want), "status": 422.0, "violations": []any{
					logged("rules[1]", "x-tenant", "pattern"), logged("any_of[1]", "authorization", "blank"), logged("any_of[1]", "apikey", "missing"),
				},
			}}
			if diff := cmp.Diff(member, out.LogMembers); diff != "" {
				t.Errorf("log members (-want +got):\n%s", diff)
			}
			s.decided(t, want)
			for _, series := range [][]string{{"rules[1]", "pattern"}, {"any_of[1]", "blank"}, {"any_of[1]", "missing"}} {
				if n := testutil.ToFloat64(s.metrics.violations.WithLabelValues(series[0], series[1], "unknown", mode)); n != 1 {
					t.Errorf("%v violations counted as %s, want 1", n, series)
				}
			}
		})
	}
}

// What an instance is bound to does not say which route and service a request is on; it is told where Kong
// does not.
func TestTheRouteIsAskedForOnce(t *testing.T) {
	for _, row := range []struct {
		name, mode     string
		scope          kong.Scope
		matched        string
		route, service any
	}{
		{"a route's", modeEnforce, kong.Scope{RouteID: "r"}, "r", "r", nil},
		{"a service's", modeEnforce, kong.Scope{ServiceID: "s"}, "matched", "matched", nil},
		{"one for all, which audits", modeAudit, kong.Scope{}, "matched", "matched", nil},
		{"Kong tells none", modeEnforce, kong.Scope{RouteID: "r", ServiceID: "s"}, "", "r", "s"},
	} {
		s := standOf(t, fmt.Sprintf(rules, row.mode, ""))
		k := kongWith(nil)
		k.Scope, k.RouteID = row.scope, row.matched
		out := s.run(t, k)
		line := object(t, out.Logs[0].Text)
		asked := strings.Count(fmt.Sprint(out.Calls), "get_route")
		if line["route"] != row.route || line["service"] != row.service || asked != 1 {
			t.Errorf("%s: route %v, service %v, asked %d times", row.name, line["route"], line["service"], asked)
		}
	}
}

func TestExemptRequestsPassAndAreCounted(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeEnforce, `,"exempt":{"methods":["OPTIONS"],"paths":["/health"],"peers":["10.0.0.9"]}`))
	for by, change := range map[exemption]func(*kongtest.Kong){
		byMethod: func(k *kongtest.Kong) { k.Vars["request"] = "OPTIONS /x HTTP/1.1" },
		byPath:   func(k *kongtest.Kong) { k.Vars["request"] = "GET /health?deep HTTP/1.1" },
		byPeer:   func(k *kongtest.Kong) { k.PeerIP = "10.0.0.9" },
	} {
		k := kongWith(nil)
		change(k)
		out := s.run(t, k)
		if n := testutil.ToFloat64(s.metrics.exempts[by]); n != 1 || out.Exit != nil || len(out.Logs)+len(out.LogMembers) > 0 {
			t.Errorf("by %s: %v counted, %+v", by, n, out)
		}
	}
	if n := testutil.ToFloat64(s.metrics.decisions[exempt]); n != 3 {
		t.Errorf("%v exempt, want 3", n)
	}
}

func TestAValueThatIsNotUTF8IsOneFault(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeEnforce, ""))
	out := s.run(t, kongWith(headers{"x-tenant": {"acme"}, "apikey": {secret}, "user-agent": {"caf\xe9"}}))
	if out.Exit != nil {
		t.Errorf("a header that no rule names decided: %s", out.Exit.Body)
	}
	out = s.run(t, kongWith(headers{"x-tenant": {"acm\xe9"}, "apikey": {secret}}))
	if out.Exit == nil || !strings.Contains(string(out.Exit.Body), `"reason":"not_utf8"`) {
		t.Errorf("answer %+v, want x-tenant to be not_utf8", out.Exit)
	}
}

func TestAHandlerServesManyRequestsAtOnce(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeEnforce, ""))
	request := headers{"x-tenant": {"acme"}}
	t.Run("requests", func(t *testing.T) {
		for i := range 8 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				if out := kongWith(maps.Clone(request)).Run(t, s.handler); out.Exit == nil {
					t.Error("the request went on")
				}
			})
		}
	})
	if n := testutil.ToFloat64(s.metrics.decisions[rejected]); n != 8 {
		t.Errorf("%v rejected, want 8", n)
	}
}
