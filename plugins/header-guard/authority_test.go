package headerguard

import (
	"strings"
	"testing"

	"tollgate/internal/httpheader"
)

func TestAnAbsoluteTargetNamesTheHostOfHost(t *testing.T) {
	for _, row := range []struct {
		name, line, host string
		good             bool
	}{
		{"an origin's target", "GET /a HTTP/1.1", "good", true},
		{"the same host", "GET http://good/abs HTTP/1.1", "good", true},
		{"the same host with a port, in capitals", "GET http://GOOD:80 HTTP/1.1", "good", true},
		{"the same host with a query at once", "GET http://good?a HTTP/1.1", "good", true},
		{"an address of IPv6", "GET http://[::1]:8000/ HTTP/1.1", "[::1]", true},
		{"a URL within a path", "GET /http://evil HTTP/1.1", "good", true},
		{"OPTIONS of the server", "OPTIONS * HTTP/1.1", "good", true},
		{"another host", "GET http://evil/abs HTTP/1.1", "good", false},
		{"another host behind several spaces", "GET   http://evil/abs HTTP/1.1", "good", false},
		{"another host with a query at once", "GET http://evil?http://good HTTP/1.1", "good", false},
		{"another host with nothing behind", "GET http://evil HTTP/1.1", "good", false},
		{"another scheme", "GET h2c+x://evil/ HTTP/1.1", "good", false},
		{"no host to compare with", "GET http://good/ HTTP/1.0", "", false},
		{"what is no host", "GET http://a@good/ HTTP/1.1", "a@good", false},
	} {
		q, _ := survey(httpheader.FromMap(headers{"host": {row.host}}))
		q.authority = authorityOf(row.line)
		if got := (authority{}).examine(q, nil); (got == nil) != row.good || got != nil && got[0].reason != HostMismatch {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestAnotherHostInTheRequestLineIsRefused(t *testing.T) {
	for _, config := range []string{`{"hosts":["good"]}`, `{"presets":["host"]}`} {
		s := standOf(t, config)
		k := kongWith(headers{"host": {"good"}})
		k.Vars["request"] = "GET http://evil/abs HTTP/1.1"
		out := s.run(t, k)
		if out.Exit == nil || out.Exit.Status != 421 || !strings.Contains(string(out.Exit.Body), `"rule":"authority"`) || strings.Contains(out.Logs[0].Text, "evil") {
			t.Errorf("%s: answer %+v, logs %v", config, out.Exit, out.Logs)
		}
		s.decided(t, rejected)
	}
}

func TestARequestWhoseLineKongDoesNotTellIsNotRead(t *testing.T) {
	s := standOf(t, `{"hosts":["good"]}`)
	k := kongWith(headers{"host": {"good"}})
	k.Garble = map[string]bool{"kong.nginx.get_var": true}
	if out := s.run(t, k); out.Exit == nil || out.Exit.Status != 500 {
		t.Errorf("answer %+v, want 500", out.Exit)
	}
	s.decided(t, unread)
}
