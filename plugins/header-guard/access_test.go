package headerguard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
)

// stand is the plugin with one configuration and what it says to the process.
type stand struct {
	handler plugin.Handler
	metrics *metrics
	log     bytes.Buffer
}

// newStand builds a handler for a rule on X-Tenant (422) and a group of credentials (401).
func newStand(t *testing.T, mode string) *stand {
	t.Helper()
	s := &stand{}
	p := New(plugin.Deps{Log: slog.New(slog.NewTextHandler(&s.log, nil)), Metrics: prometheus.NewRegistry()})
	h, err := p.Build(fmt.Appendf(nil, `{"mode":%q,
		"rules":[{"header":"X-Tenant","match":"^[a-z]+$","status":422}],
		"any_of":[{"headers":["Authorization","apikey"],"status":401}]}`, mode))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(); p.Close() })
	s.handler, s.metrics = h, h.(*handler).metrics
	return s
}

// decided fails the test unless this is the one request that was counted.
func (s *stand) decided(t *testing.T, want decision) {
	t.Helper()
	for d, counter := range s.metrics.decisions {
		if n := testutil.ToFloat64(counter); (n == 1) != (d == want) || n > 1 {
			t.Errorf("%v requests were %s, want the one to be %s", n, d, want)
		}
	}
}

const secret = "S3cretValue"

// kongWith is Kong with a request of these headers.
func kongWith(h headers) *kongtest.Kong {
	return &kongtest.Kong{Headers: h, PeerIP: "10.0.0.5", ForwardedIP: "192.0.2.1"}
}

// everything is all that the plugin let out, to anyone. Metrics are labelled by reason and mode only.
func (s *stand) everything(out kongtest.Outcome) string {
	return fmt.Sprintf("%+v %+v %s", out, out.Exit, &s.log)
}

func TestAPassingRequestCostsOneCall(t *testing.T) {
	for _, mode := range []string{modeEnforce, modeAudit} {
		s := newStand(t, mode)
		out := kongWith(headers{"x-tenant": {"acme"}, "apikey": {secret}}).Run(t, s.handler)
		if diff := cmp.Diff([]string{"kong.request.get_headers"}, out.Calls); diff != "" {
			t.Errorf("calls in mode %s (-want +got):\n%s", mode, diff)
		}
		s.decided(t, passed)
	}
}

func TestEnforceAnswersTheFirstViolation(t *testing.T) {
	s := newStand(t, modeEnforce)
	out := kongWith(headers{"x-tenant": {secret}, "authorization": {"  "}}).Run(t, s.handler)
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
		"detail":     "The request lacks headers that it needs, or holds them in a form that is not accepted.",
		"violations": violations,
	}
	if diff := cmp.Diff(want, object(t, string(out.Exit.Body))); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	s.decided(t, rejected)
}

// violations are those of the request in which x-tenant does not match and no credential came.
var violations = []any{
	map[string]any{"rule": "rules[1]", "header": "x-tenant", "reason": "pattern"},
	map[string]any{"rule": "any_of[1]", "header": "authorization", "reason": "blank"},
	map[string]any{"rule": "any_of[1]", "header": "apikey", "reason": "missing"},
}

func TestARejectedRequestCostsThreeCallsThatAreWaitedFor(t *testing.T) {
	s := newStand(t, modeEnforce)
	want := []string{
		"kong.request.get_headers", "kong.client.get_ip", "kong.nginx.get_var", // Kong answers these
		"kong.log.warn", "kong.log.set_serialize_value", "kong.response.exit",
	}
	if diff := cmp.Diff(want, kongWith(nil).Run(t, s.handler).Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestA401HoldsAChallenge(t *testing.T) {
	s := newStand(t, modeEnforce)
	out := kongWith(headers{"x-tenant": {"acme"}}).Run(t, s.handler)
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
			s := newStand(t, mode)
			out := kongWith(headers{"x-tenant": {secret}, "authorization": {"  "}}).Run(t, s.handler)

			if len(out.Logs) != 1 || out.Logs[0].Level != "warn" {
				t.Fatalf("log lines %v, want one of level warn", out.Logs)
			}
			line := map[string]any{
				"plugin": "header-guard", "decision": string(want), "mode": mode, "status": 422.0,
				"request_id": kongtest.RequestID, "peer": "10.0.0.5", "violations": violations,
			}
			if diff := cmp.Diff(line, object(t, out.Logs[0].Text)); diff != "" {
				t.Errorf("log line (-want +got):\n%s", diff)
			}
			member := map[string]any{"tollgate.header_guard": map[string]any{
				"decision": string(want), "status": 422.0, "violations": violations,
			}}
			if diff := cmp.Diff(member, out.LogMembers); diff != "" {
				t.Errorf("log members (-want +got):\n%s", diff)
			}
			s.decided(t, want)
			for _, reason := range []Reason{Missing, Blank, Pattern} {
				if n := testutil.ToFloat64(s.metrics.violations.WithLabelValues(string(reason), mode)); n != 1 {
					t.Errorf("%v violations counted as %s, want 1", n, reason)
				}
			}
		})
	}
}

func TestAuditChangesNothing(t *testing.T) {
	s := newStand(t, modeAudit)
	out := kongWith(nil).Run(t, s.handler)
	if out.Exit != nil || len(out.ResponseHeaders)+len(out.UpstreamHeaders)+len(out.Cleared)+len(out.Shared) > 0 {
		t.Errorf("audit changed the request: %+v", out)
	}
	s.decided(t, audited)
}

func TestAValueThatIsNotUTF8IsOneViolation(t *testing.T) {
	s := newStand(t, modeEnforce)
	out := kongWith(headers{"x-tenant": {"acme"}, "apikey": {secret}, "user-agent": {"caf\xe9"}}).Run(t, s.handler)
	if out.Exit != nil {
		t.Errorf("a header that no rule names decided: %s", out.Exit.Body)
	}
	out = kongWith(headers{"x-tenant": {"acm\xe9"}, "x_tenant": {"acme"}, "apikey": {secret}}).Run(t, s.handler)
	if out.Exit == nil || !strings.Contains(string(out.Exit.Body), `[{"rule":"rules[1]","header":"x-tenant","reason":"not_utf8"}]`) {
		t.Errorf("answer %+v, want x-tenant to be not_utf8", out.Exit)
	}
}

func TestNoValueLeavesThePlugin(t *testing.T) {
	for name, h := range map[string]headers{
		"a value outside the pattern":      {"x-tenant": {secret}},
		"a value that is not UTF-8":        {"x-tenant": {secret + "\xff"}},
		"one of several values":            {"x-tenant": {"acme", secret}},
		"a value of a header beside it":    {"apikey": {secret}},
		"a name that the client made up":   {"x-" + strings.ToLower(secret): {"x"}},
		"the value of an underscore alias": {"x_tenant": {secret}},
	} {
		for _, mode := range []string{modeEnforce, modeAudit} {
			s := newStand(t, mode)
			out := kongWith(h).Run(t, s.handler)
			if len(out.Logs) != 1 {
				t.Errorf("%s: %d log lines, want one", name, len(out.Logs))
			}
			if all := s.everything(out); strings.Contains(strings.ToLower(all), strings.ToLower(secret)) {
				t.Errorf("%s is shown in mode %s: %s", name, mode, all)
			}
		}
	}
}

func TestAHandlerServesManyRequestsAtOnce(t *testing.T) {
	s := newStand(t, modeEnforce)
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

func TestPluginIsWhatKongHasToKnow(t *testing.T) {
	p := New(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	if p.Name != "header-guard" || p.Version != "0.1.0" || p.Priority != 1990 || p.Schema.Name != p.Name {
		t.Errorf("plugin %s %s, priority %d, schema %s", p.Name, p.Version, p.Priority, p.Schema.Name)
	}
	if _, err := p.Build([]byte(`{"rules":[{"header":"a","match":"("}]}`)); err == nil {
		t.Error("a configuration that is not valid was built")
	}
}

// object reads one JSON object.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}
