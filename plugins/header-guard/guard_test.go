package headerguard

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/httpheader"
	"tollgate/internal/plugin"
)

type headers = map[string][]string

// configOf reads a configuration that must be valid.
func configOf(tb testing.TB, config string) *Config {
	tb.Helper()
	c, err := plugin.Decode[Config](Schema(), []byte(config))
	if err != nil {
		tb.Fatalf("configuration %s: %v", config, err)
	}
	return &c
}

func guardOf(tb testing.TB, config string) *guard {
	tb.Helper()
	return newGuard(configOf(tb, config))
}

// found is what a guard finds in headers, as "rule header reason".
func (g *guard) found(h headers) []string {
	q, _ := survey(httpheader.FromMap(h))
	return texts(g.examine(q))
}

func texts(faults []fault) []string {
	var out []string
	for i := range faults {
		f := &faults[i]
		out = append(out, strings.Join(strings.Fields(fmt.Sprintln(f.check.name, f.header, f.reason)), " "))
	}
	return out
}

// judged is the verdict on a request: its line, its peer and its headers.
func (g *guard) judged(line, peer string, h headers) verdict {
	q, _ := survey(httpheader.FromMap(h))
	c := circumstances{line: readRequestLine(line)}
	c.peer, _ = netip.ParseAddr(peer)
	return g.judge(g.examine(q), c)
}

func requireFound(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestSeveralRules(t *testing.T) {
	g := guardOf(t, `{
		"rules": [{"header":"x-tenant","status":403}, {"name":"trace","header":"X-Trace","match":"^[0-9a-f]+$","status":422}],
		"any_of": [{"headers":["Authorization","apikey"],"status":401}]}`)
	for _, row := range []struct {
		name    string
		headers headers
		status  int
		want    []string
	}{
		{"all satisfied, the group by its first header", headers{"x-tenant": {"a"}, "x-trace": {"0f"}, "authorization": {"x"}}, 0, nil},
		{"all satisfied, the group by its last header", headers{"x-tenant": {"a"}, "x-trace": {"0f"}, "apikey": {"x"}, "authorization": {" "}}, 0, nil},
		{"the status is that of the first rule at fault", headers{"x-tenant": {"a"}, "x-trace": {"zz"}}, 422,
			[]string{"trace x-trace pattern", "any_of[1] authorization missing", "any_of[1] apikey missing"}},
		{"rules come before any_of, and all are told", headers{"authorization": {""}, "apikey": {"\xff"}}, 403,
			[]string{"rules[1] x-tenant missing", "trace x-trace missing", "any_of[1] authorization blank", "any_of[1] apikey not_utf8"}},
		{"checks come before rules", headers{"x-consumer-id": {"1"}}, 400,
			[]string{"spoofed x-consumer-id spoofed", "rules[1] x-tenant missing", "trace x-trace missing", "any_of[1] authorization missing", "any_of[1] apikey missing"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := g.judged("GET / HTTP/1.1", "", row.headers)
			requireFound(t, row.want, texts(v.faults))
			if v.status != row.status {
				t.Errorf("status %d, want %d", v.status, row.status)
			}
		})
	}
}

func TestEachRuleHasItsOwnMode(t *testing.T) {
	const form = `{"mode":%q,"rules":[
		{"header":"a","status":401},
		{"header":"b","status":403,"mode":"audit"},
		{"header":"c","status":422,"mode":"enforce"}]}`
	sound := func(names ...string) headers {
		h := headers{}
		for _, name := range names {
			h[name] = []string{"x"}
		}
		return h
	}
	for _, row := range []struct {
		name, mode string
		headers    headers
		decision   decision
		status     int
	}{
		{"nothing at fault", modeEnforce, sound("a", "b", "c"), passed, 0},
		{"the configuration's mode where a rule has none", modeEnforce, sound("b", "c"), rejected, 401},
		{"the same in audit", modeAudit, sound("b", "c"), audited, 401},
		{"audit of one rule", modeEnforce, sound("a", "c"), audited, 403},
		{"enforce of one rule", modeAudit, sound("a", "b"), rejected, 422},
		{"the status is of the first that enforces", modeAudit, sound(), rejected, 422},
		{"an audited one before it is no reason", modeEnforce, sound("a"), rejected, 422},
		{"an audited one after it changes nothing", modeEnforce, sound("c"), rejected, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := guardOf(t, fmt.Sprintf(form, row.mode)).judged("GET / HTTP/1.1", "", row.headers)
			if v.decision != row.decision || v.status != row.status {
				t.Errorf("%s %d, want %s %d", v.decision, v.status, row.decision, row.status)
			}
		})
	}
}

func TestRulesHoldForMethodsAndPaths(t *testing.T) {
	g := guardOf(t, `{
		"rules":[{"header":"a","methods":["POST","PUT"]},{"header":"b","paths":["/orders","~/v[0-9]+/x$"]},
			{"header":"c","methods":["DELETE"],"paths":["/orders"]},{"header":"f","paths":["~/none|/alt"]},{"header":"g","methods":["M-SEARCH"]}],
		"any_of":[{"headers":["d","e"],"methods":["PATCH"]}]}`)
	for line, want := range map[string][]string{
		"GET / HTTP/1.1":              nil,
		"POST / HTTP/1.1":             {"rules[1] a missing"},
		"PUT /orders?x=1 HTTP/1.1":    {"rules[1] a missing", "rules[2] b missing"},
		"GET /orders/7 HTTP/2.0":      {"rules[2] b missing"},
		"GET /ordersheet HTTP/1.1":    {"rules[2] b missing"}, // a prefix, as in Kong's routes
		"GET /x/../%6frders HTTP/1.1": {"rules[2] b missing"},
		"GET /v12/x HTTP/1.1":         {"rules[2] b missing"},
		"GET /v12/xy HTTP/1.1":        nil,
		"GET /a/v1/x HTTP/1.1":        nil,                    // anchored at its beginning
		"GET /a/alt HTTP/1.1":         {"rules[4] f missing"}, // as in Kong's routes, its first branch only
		"M-SEARCH / HTTP/1.1":         {"rules[5] g missing"},
		"DELETE /orders HTTP/1.1":     {"rules[2] b missing", "rules[3] c missing"},
		"DELETE / HTTP/1.1":           nil,
		"PATCH / HTTP/1.1":            {"any_of[1] d missing", "any_of[1] e missing"},
		// A line that is not known is one that everything holds for.
		"": {"rules[1] a missing", "rules[2] b missing", "rules[3] c missing", "rules[4] f missing", "rules[5] g missing", "any_of[1] d missing", "any_of[1] e missing"},
	} {
		t.Run(line, func(t *testing.T) {
			requireFound(t, want, texts(g.judged(line, "", nil).faults))
		})
	}
}

func TestExemptRequestsNeedNotMeetTheChecks(t *testing.T) {
	const config = `{"rules":[{"header":"x-tenant"}],"presets":["forwarded","authorization"]%s}`
	const more = `,"exempt":{"methods":["OPTIONS","HEAD"],"paths":["/health","~/probe/[a-z]+$|/alt"],"peers":["10.9.0.0/16","2001:db8::5"]}`
	for _, row := range []struct {
		name, more, line, peer string
		want                   decision
		by                     exemption
	}{
		{"no exemption", more, "GET / HTTP/1.1", "10.0.0.5", rejected, ""},
		{"a preflight, by default", "", "OPTIONS /orders HTTP/1.1", "10.0.0.5", exempt, byMethod},
		{"no preflight where methods are none", `,"exempt":{"methods":[]}`, "OPTIONS / HTTP/1.1", "", rejected, ""},
		{"another method", more, "HEAD / HTTP/1.1", "", exempt, byMethod},
		{"a method is case-sensitive", more, "options / HTTP/1.1", "", rejected, ""},
		{"a path", more, "GET /health/live HTTP/1.1", "", exempt, byPath},
		{"a path by an expression", more, "GET /probe/live HTTP/1.1", "", exempt, byPath},
		{"a path within another, by a branch of an expression", more, "GET /orders/alt HTTP/1.1", "", rejected, ""},
		{"a path by the other branch", more, "GET /alt HTTP/1.1", "", exempt, byPath},
		{"a path that leads away again", more, "GET /health/../orders HTTP/1.1", "", rejected, ""},
		{"a path that leads away in disguise", more, "GET /health/%2e%2E/orders HTTP/1.1", "", rejected, ""},
		{"a path in a query", more, "GET /orders?/health HTTP/1.1", "", rejected, ""},
		{"a peer", more, "GET / HTTP/1.1", "10.9.1.1", exempt, byPeer},
		{"a peer of IPv6", more, "GET / HTTP/1.1", "2001:db8::5", exempt, byPeer},
		{"a peer mapped into IPv6", more, "GET / HTTP/1.1", "::ffff:10.9.1.1", exempt, byPeer},
		{"a line that is not known", more, "", "10.0.0.5", rejected, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := guardOf(t, fmt.Sprintf(config, row.more)).judged(row.line, row.peer, headers{"host": {"b"}})
			if v.decision != row.want || v.exemptBy != row.by || (v.decision == exempt) != (len(v.faults) == 0) {
				t.Errorf("%s by %q with %q, want %s by %q", v.decision, v.exemptBy, texts(v.faults), row.want, row.by)
			}
		})
	}
}

func TestNoMethodSparesWhereARequestCameFromAndWentTo(t *testing.T) {
	g := guardOf(t, `{"trusted_peers":["10.0.0.1"],"on_untrusted_peer":"reject","hosts":["a"],"rules":[{"header":"x"}],
		"exempt":{"methods":["OPTIONS"],"paths":["/health"],"peers":["10.0.0.9"]}}`)
	for _, row := range []struct {
		line, peer, authority string
		want                  decision
		by                    exemption
		faults                []string
	}{
		{"OPTIONS /orders HTTP/1.1", "10.0.0.2", "b", rejected, byMethod, []string{"untrusted_peer untrusted_peer", "hosts host host_mismatch", "authority host host_mismatch"}},
		{"OPTIONS /health HTTP/1.1", "10.0.0.2", "b", exempt, byMethod, nil},
		{"OPTIONS /orders HTTP/1.1", "10.0.0.9", "b", exempt, byPeer, nil},
		{"GET /health HTTP/1.1", "10.0.0.2", "", exempt, byPath, nil},
	} {
		q, _ := survey(httpheader.FromMap(headers{"host": {"x"}}))
		q.authority = row.authority
		peer := netip.MustParseAddr(row.peer)
		v := g.judge(append(g.peers.examine(peer), g.examine(q)...), circumstances{line: readRequestLine(row.line), peer: peer})
		requireFound(t, row.faults, texts(v.faults))
		if v.decision != row.want || v.exemptBy != row.by {
			t.Errorf("%s from %s: %s by %q, want %s by %q", row.line, row.peer, v.decision, v.exemptBy, row.want, row.by)
		}
	}
}

func TestNoExemptionHoldsForWhatAttacksTheGateway(t *testing.T) {
	g := guardOf(t, `{"rules":[{"header":"x-tenant"}]}`)
	v := g.judged("OPTIONS / HTTP/1.1", "", headers{"connection": {"Content-Length, X-Y"}, "x_consumer_id": {"1"}})
	requireFound(t, []string{"content_length content-length content_length", "hop_by_hop connection hop_by_hop", "spoofed x-consumer-id spoofed"}, texts(v.faults))
	if v.decision != rejected || v.status != 400 {
		t.Errorf("%s %d", v.decision, v.status)
	}
}

func TestWhatNeedsNoExemptionIsNotExempt(t *testing.T) {
	g := guardOf(t, `{"rules":[{"header":"x-tenant"}]}`)
	if v := g.judged("OPTIONS / HTTP/1.1", "", headers{"x-tenant": {"a"}}); v.decision != passed || v.exemptBy != "" {
		t.Errorf("%s by %q", v.decision, v.exemptBy)
	}
}
