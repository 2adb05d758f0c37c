package loadbalancer

import (
	"fmt"
	"strings"
	"testing"

	"tollgate/test/tool"
)

// HAProxy is Debian's haproxy.
type HAProxy struct {
	Behaviour
	// Reuse lets the requests of all clients share connections to the server.
	Reuse bool
	// TLS speaks it to the server, whose certificate may be anybody's, and tells it ServerName, if there is one.
	TLS        bool
	ServerName string
}

// Start runs haproxy before the server at upstream until the test ends, and returns its address.
func (h HAProxy) Start(tb testing.TB, upstream string) (addr string) {
	tb.Helper()
	path := tool.Need(tb, "haproxy")
	if h.PassAfter > 0 {
		tb.Fatal("haproxy has no request pass untouched after others were treated")
	}
	return run(tb, "haproxy.cfg", func(port int) string { return h.config(port, upstream) }, func(file string) []string {
		return []string{path, "-db", "-f", file}
	})
}

func (h HAProxy) config(port int, upstream string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `global
  maxconn 100
  nbthread 1
defaults
  mode http
  timeout connect 10s
  timeout client 20s
  timeout server 20s
frontend clients
  bind 127.0.0.1:%d
`, port)
	for _, rule := range h.rules() {
		fmt.Fprintf(&b, "  %s\n", rule)
	}
	reuse := "never"
	if h.Reuse {
		reuse = "always"
	}
	fmt.Fprintf(&b, `  default_backend servers
backend servers
  http-reuse %s
  server server %s source %s%s
`, reuse, upstream, SNAT, h.encryption())
	return b.String()
}

func (h HAProxy) encryption() string {
	switch {
	case !h.TLS:
		return ""
	case h.ServerName == "":
		return " ssl verify none"
	default:
		return fmt.Sprintf(" ssl verify none sni str(%s)", h.ServerName)
	}
}

func (h HAProxy) rules() (rules []string) {
	add := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
	for _, method := range h.Reject {
		add("http-request reject if { method %s }", method)
	}
	for _, name := range h.Erase {
		add("http-request replace-header %s .* %q", name, "   ")
	}
	for _, name := range h.Delete {
		add("http-request del-header %s", name)
	}
	if h.Host != "" {
		add("http-request set-header Host %s", h.Host)
	}
	for _, line := range h.Replace {
		add("http-request set-header %s %q", line.Name, line.Value)
	}
	for _, line := range h.Insert {
		add("http-request add-header %s %q", line.Name, line.Value)
	}
	if h.ForwardedFor {
		add("option forwardfor")
	}
	return rules
}
