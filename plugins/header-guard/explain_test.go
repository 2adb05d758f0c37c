package headerguard

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARequestIsExplainedCheckByCheck(t *testing.T) {
	config := `{"spoofed_headers":[],"refuse_hop_by_hop":false,"presets":["authorization"],"trusted_peers":["10.0.0.5"],"on_untrusted_peer":"reject",
		"exempt":{"methods":[],"paths":["/health"],"peers":["10.0.0.9"]},"witness":{"secrets":["` + witnessSecret + `"]},
		"rules":[{"name":"tenant","header":"X-Tenant","mode":"audit"},{"name":"trace","header":"X-Trace","methods":["POST"]}]}`
	for _, row := range []struct {
		name, line, peer string
		headers          headers
		decision         string
		witness          string
		want             []string
	}{
		{"all is well", "GET /orders HTTP/1.1", "10.0.0.5", headers{"authorization": {"Bearer x"}, "x-tenant": {"a"}}, "passed", "", []string{
			"untrusted_peer met", "content_length met", "authorization met", "tenant met", "trace out of scope"}},
		{"two are violated, and the witness tells where", "GET /orders?x=1 HTTP/1.1", "10.0.0.5",
			headers{"host": {"api.example.com"}, "x-f5-witness": {witnessOf(standNow, "authorization", "host")}}, "rejected", "good", []string{
				"untrusted_peer met", "content_length met", "authorization violated authorization: missing, place stripped_by_f5",
				"tenant violated x-tenant: missing, place not_sent_by_client", "trace out of scope"}},
		{"a peer that is not trusted", "POST / HTTP/1.1", "10.0.0.6", headers{"authorization": {"Bearer x"}, "x-tenant": {"a"}, "x-trace": {"1"}}, "rejected", "absent", []string{
			"untrusted_peer violated untrusted_peer", "content_length met", "authorization met", "tenant met", "trace met"}},
		{"a peer that is not known", "POST / HTTP/1.1", "", headers{"authorization": {"Bearer x"}, "x-trace": {"1"}}, "audited", "absent", []string{
			"untrusted_peer skipped", "content_length met", "authorization met", "tenant violated x-tenant: missing, place unknown", "trace met"}},
		{"a peer that is not known, where the witness depends on it", "POST / HTTP/1.1", "",
			headers{"host": {"a"}, "authorization": {"Bearer x"}, "x-trace": {"1"}, "x-f5-witness": {witnessOf(standNow, "authorization", "host")}}, "audited", "peer unknown", []string{
				"untrusted_peer skipped", "content_length met", "authorization met", "tenant violated x-tenant: missing, place unknown", "trace met"}},
		{"an exempt peer", "POST / HTTP/1.1", "10.0.0.9", headers{"authorization": {"Bearer x"}, "x-tenant": {"a"}, "x-trace": {"1"}}, "exempt", "", []string{
			"untrusted_peer exempt", "content_length met", "authorization met", "tenant met", "trace met"}},
		{"an exempt path", "GET /health HTTP/1.1", "", headers{"x-tenant": {"a"}}, "exempt", "", []string{
			"untrusted_peer skipped", "content_length met", "authorization exempt", "tenant met", "trace out of scope"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			peer, _ := netip.ParseAddr(row.peer)
			e, err := Explain([]byte(config), Request{Line: row.line, Headers: row.headers, Peer: peer}, standNow)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range e.Checks {
				text := c.Name + " " + c.Verdict
				for _, f := range c.Faults {
					text += " " + f.String()
				}
				got = append(got, text)
			}
			requireFound(t, row.want, got)
			if e.Decision != row.decision || e.Witness != row.witness {
				t.Errorf("%s, witness %q; want %s, %q", e.Decision, e.Witness, row.decision, row.witness)
			}
		})
	}
}

// What guard explain says is what the handler does.
func TestTheExplanationIsWhatHappens(t *testing.T) {
	config := fmt.Sprintf(rules, modeEnforce, `,"presets":["forwarded","host"],"hosts":["a"],"trusted_peers":["10.0.0.5"],"on_untrusted_peer":"reject"`)
	for _, h := range []headers{
		nil, {"x-tenant": {"a"}}, {"x_tenant": {"a"}, "host": {"a"}}, {"connection": {"host"}, "x-consumer-id": {"1"}},
		{"x-tenant": {"a"}, "apikey": {"k"}, "host": {"a"}, "x-forwarded-for": {"::1"}, "x-forwarded-proto": {"https"}},
	} {
		for _, peer := range []string{"10.0.0.5", "10.0.0.6"} {
			for _, line := range []string{"GET /orders HTTP/1.1", "OPTIONS / HTTP/1.1"} {
				k := kongWith(h)
				k.PeerIP, k.Vars["request"] = peer, line
				s := standOf(t, config)
				out := s.run(t, k)
				e, err := Explain([]byte(config), Request{Line: line, Headers: h, Peer: netip.MustParseAddr(peer)}, standNow)
				if err != nil {
					t.Fatal(err)
				}
				s.decided(t, decision(e.Decision))
				if out.Exit == nil {
					continue
				}
				var told []any
				for _, c := range e.Checks {
					for _, f := range c.Faults {
						one := map[string]any{"rule": c.Name, "reason": string(f.Reason), "place": string(f.Place)}
						if f.Header != "" {
							one["header"] = f.Header
						}
						told = append(told, one)
					}
				}
				body := object(t, string(out.Exit.Body))
				if diff := cmp.Diff(any(told), body["violations"]); diff != "" || body["status"] != float64(e.Status) {
					t.Errorf("%v from %s, %s: status %d (-explained +answered):\n%s", h, peer, line, e.Status, diff)
				}
			}
		}
	}
}

func TestExplainTellsTooManyLinesAndABadConfiguration(t *testing.T) {
	h := headers{"a": strings.Split(strings.Repeat("x,", 999)+"x", ",")}
	for config, status := range map[string]int{
		`{"rules":[{"header":"a"}]}`: 431, `{"mode":"audit","rules":[{"header":"a"}]}`: 0, `{"mode":"audit","rules":[{"header":"a","mode":"enforce"}]}`: 431,
	} {
		if e, err := Explain([]byte(config), Request{Headers: h}, standNow); err != nil || e.Decision != "unread" || e.Status != status {
			t.Errorf("%s: %+v, %v; want status %d", config, e, err, status)
		}
	}
	if _, err := Explain([]byte(`{}`), Request{}, standNow); err == nil {
		t.Error("a configuration that is not valid was explained")
	}
}
