package headerguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestAuditChangesNothing(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeAudit, ""))
	out := s.run(t, kongWith(nil))
	if out.Exit != nil || len(out.ResponseHeaders)+len(out.UpstreamHeaders)+len(out.Cleared)+len(out.Shared) > 0 {
		t.Errorf("audit changed the request: %+v", out)
	}
	s.decided(t, audited)
}

func TestAuditLogsTheFirstOfEachKindAndCountsAll(t *testing.T) {
	s := standOf(t, fmt.Sprintf(rules, modeAudit, `,"audit_sample":0`))
	lines := 0
	for range 5 {
		out := s.run(t, kongWith(nil))
		lines += len(out.Logs)
		if len(out.LogMembers) != 1 {
			t.Errorf("the access log is told %v", out.LogMembers)
		}
	}
	if n := testutil.ToFloat64(s.metrics.decisions[audited]); lines != 1 || n != 5 {
		t.Errorf("%d lines and %v counted, want 1 and 5", lines, n)
	}
}

func TestTheUpstreamIsToldOfWhatOnlyAuditLetPass(t *testing.T) {
	for _, row := range []struct {
		name, mode string
		headers    headers
		told       []string
		cleared    string
	}{
		{"nothing at fault", modeAudit, headers{"x-tenant": {"a"}, "apikey": {"k"}}, nil, ""},
		{"a fault", modeAudit, headers{"apikey": {"k"}}, []string{`missing;rule="rules[1]";place=unknown;header="x-tenant"`}, ""},
		{"a client's copies, where nothing is at fault", modeEnforce, headers{"x-tenant": {"a"}, "apikey": {"k"}, "x-audit": {"forged"}, "x_audit": {"forged"}}, nil, "x-audit x_audit"},
		{"a client's copy beside a fault", modeAudit, headers{"apikey": {"k"}, "x_audit": {"forged"}}, []string{`missing;rule="rules[1]";place=unknown;header="x-tenant"`}, "x_audit"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := standOf(t, fmt.Sprintf(rules, row.mode, `,"audit_header":"X-Audit"`))
			out := s.run(t, kongWith(row.headers))
			if diff := cmp.Diff(row.told, out.UpstreamHeaders["X-Audit"]); diff != "" || strings.Join(out.Cleared, " ") != row.cleared || out.Exit != nil {
				t.Errorf("cleared %q, exit %v, told (-want +got):\n%s", out.Cleared, out.Exit, diff)
			}
		})
	}
}
