package headerguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/kongtest"
)

func TestAGuardThatCannotLookDoesNotLetPassUnlessItAudits(t *testing.T) {
	tooMany := headers{}
	for i := range 1000 {
		tooMany[fmt.Sprint("a", i)] = []string{"x"}
	}
	for name, row := range map[string]struct {
		kong   *kongtest.Kong
		status int
	}{
		"a reply that cannot be read":   {&kongtest.Kong{Garble: map[string]bool{"kong.request.get_headers": true}}, 500},
		"as many lines as Kong may cut": {kongWith(tooMany), 431},
	} {
		for mode, calls := range map[string][]string{
			modeEnforce: {"kong.request.get_headers", "kong.nginx.get_var", "kong.log.warn", "kong.response.exit"},
			modeAudit:   {"kong.request.get_headers"},
		} {
			t.Run(name+" "+mode, func(t *testing.T) {
				s := standOf(t, fmt.Sprintf(`{"mode":%q,"rules":[{"header":"a1"}]}`, mode))
				out := s.run(t, row.kong)
				if diff := cmp.Diff(calls, out.Calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if mode == modeEnforce && (out.Exit == nil || out.Exit.Status != row.status) {
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
	s := standOf(t, `{"rules":[{"header":"a","methods":["POST"]}],"exempt":{"peers":["0.0.0.0/0"],"paths":["/","~.*"]}}`)
	k := kongWith(nil)
	k.Garble = map[string]bool{"kong.nginx.get_var": true, "kong.client.get_ip": true}
	if out := s.run(t, k); out.Exit == nil || out.Exit.Status != 400 {
		t.Errorf("answer %+v, want 400", out.Exit)
	}
	s.decided(t, rejected)
}
