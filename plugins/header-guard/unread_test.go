package headerguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kongtest"
)

// manyLines are as many as Kong hands over.
func manyLines(more headers) headers {
	h := headers{}
	for name, lines := range more {
		h[name] = lines
	}
	for i := range 1000 - len(more) {
		h[fmt.Sprint("a", i)] = []string{"x"}
	}
	return h
}

func TestAGuardThatCannotLookDoesNotLetPassUnlessItAudits(t *testing.T) {
	refused := []string{
		"kong.request.get_headers", "kong.router.get_route", "kong.nginx.get_var", "kong.client.get_ip", "kong.log.set_serialize_value",
		"kong.nginx.get_var", "kong.log.warn", "kong.response.exit",
	}
	for name, row := range map[string]struct {
		kong   *kongtest.Kong
		status int
	}{
		"a reply that cannot be read": {func() *kongtest.Kong {
			k := kongWith(nil)
			k.Garble = map[string]bool{"kong.request.get_headers": true}
			return k
		}(), 500},
		"as many lines as Kong may cut": {kongWith(manyLines(nil)), 431},
	} {
		for config, refuses := range map[string]bool{
			`{"rules":[{"header":"a1"}]}`: true,
			`{"mode":"audit","rules":[{"header":"a1"},{"header":"b","mode":"enforce"}]}`:                      true,
			`{"mode":"audit","any_of":[{"headers":["b","c"],"mode":"enforce"}]}`:                              true,
			`{"mode":"audit","rules":[{"header":"a1"}],"trusted_peers":["::1"],"on_untrusted_peer":"reject"}`: false,
		} {
			t.Run(name+" "+config, func(t *testing.T) {
				s := standOf(t, config)
				out := s.run(t, row.kong)
				calls := []string{"kong.request.get_headers"}
				if refuses {
					calls = refused
				}
				if diff := cmp.Diff(calls, out.Calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if refuses && (out.Exit == nil || out.Exit.Status != row.status) {
					t.Errorf("answer %+v, want %d", out.Exit, row.status)
				}
				s.decided(t, unread)
				s.run(t, row.kong)
				if n := strings.Count(s.log.String(), "could not read a request's headers"); n != 1 {
					t.Errorf("the server's log has %d lines, want 1: %s", n, &s.log)
				}
			})
		}
	}
}

func TestARequestThatWasNotReadIsReported(t *testing.T) {
	s := standOf(t, `{"rules":[{"header":"b"}],"trusted_peers":["::1"],"on_untrusted_peer":"allow"}`)
	k := kongWith(manyLines(nil))
	k.RouteID = "a route"
	out := s.run(t, k)
	want := map[string]any{
		"plugin": "header-guard", "decision": "unread", "status": 431.0, "request_id": kongtest.RequestID, "peer": "10.0.0.5", "trusted_peer": false,
		"route": "a route", "method": "GET", "path": "/orders/7", "violations": []any{},
	}
	if diff := cmp.Diff(want, object(t, out.Logs[0].Text)); diff != "" {
		t.Errorf("log line (-want +got):\n%s", diff)
	}
	member := map[string]any{"tollgate.header_guard": map[string]any{"decision": "unread", "status": 431.0}}
	if diff := cmp.Diff(member, out.LogMembers); diff != "" {
		t.Errorf("log members (-want +got):\n%s", diff)
	}
}

// What is forged may stand behind what Kong handed over, in any spelling.
func TestWhatOnlyThePluginTellsIsRemovedUnseen(t *testing.T) {
	s := standOf(t, `{"mode":"audit","rules":[{"header":"b"}],"audit_header":"X-Audit","trusted_peers":["::1"],"witness":{"secrets":["`+witnessSecret+`"]}}`)
	out := s.run(t, kongWith(manyLines(headers{"x-audit": {"forged"}})))
	want := []string{"x-audit", "x_audit", "x-f5-witness", "x-f5_witness", "x_f5-witness", "x_f5_witness"}
	if diff := cmp.Diff(want, out.Cleared); diff != "" || out.Exit != nil {
		t.Errorf("answer %+v, cleared (-want +got):\n%s", out.Exit, diff)
	}
	s.decided(t, unread)
}

func TestOneLineLessThanThatIsRead(t *testing.T) {
	h := headers{}
	for i := range 999 {
		h[fmt.Sprint("a", i)] = []string{"x"}
	}
	s := standOf(t, `{"rules":[{"header":"a1"}]}`)
	s.run(t, kongWith(h))
	s.decided(t, passed)
}

func TestWhatKongDoesNotTellOfARequestAtFaultIsAgainstIt(t *testing.T) {
	s := standOf(t, `{"rules":[{"header":"a","methods":["POST"]}],"exempt":{"peers":["0.0.0.0/0"],"paths":["/","~/.*"]}}`)
	k := kongWith(nil)
	k.Garble = map[string]bool{"kong.nginx.get_var": true, "kong.client.get_ip": true}
	if out := s.run(t, k); out.Exit == nil || out.Exit.Status != 400 {
		t.Errorf("answer %+v, want 400", out.Exit)
	}
	s.decided(t, rejected)
}
