package loadbalancer

import (
	"fmt"
	"strings"
	"testing"

	"tollgate/test/tool"
)

// Nginx is Debian's nginx. It joins the client's address to an X-Forwarded-For that is there.
type Nginx struct{ Behaviour }

// Start runs nginx before the server at upstream until the test ends, and returns its address.
func (n Nginx) Start(tb testing.TB, upstream string) (addr string) {
	tb.Helper()
	path := tool.Need(tb, "nginx")
	if n.PassAfter > 0 || len(n.Insert) > 0 {
		tb.Fatal("nginx neither adds lines beside others nor has requests pass untouched")
	}
	folder := tb.TempDir()
	return run(tb, "nginx.conf", func(port int) string { return n.config(port, upstream, folder) }, func(file string) []string {
		return []string{path, "-p", folder, "-e", "stderr", "-c", file}
	})
}

func (n Nginx) config(port int, upstream, folder string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `daemon off;
master_process off;
pid %[1]s/pid;
events { worker_connections 100; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  underscores_in_headers on; # a F5 drops no such header
  upstream servers { server %[2]s; keepalive 4; }
`, folder, upstream)
	for i, name := range n.Erase {
		fmt.Fprintf(&b, "  map %s $erased_%d { \"\" \"\"; default \"   \"; }\n", variable(name), i)
	}
	fmt.Fprintf(&b, "  server {\n    listen 127.0.0.1:%d;\n", port)
	for _, method := range n.Reject {
		fmt.Fprintf(&b, "    if ($request_method = %s) { return 444; }\n", method)
	}
	fmt.Fprintf(&b, "    location / {\n      proxy_pass http://servers;\n      proxy_http_version 1.1;\n      proxy_bind %s;\n", SNAT)
	for _, line := range n.headers() {
		fmt.Fprintf(&b, "      proxy_set_header %s %q;\n", line.Name, line.Value)
	}
	return b.String() + "    }\n  }\n}\n"
}

// headers are the lines that nginx sets; an empty value takes the header off.
func (n Nginx) headers() []Line {
	lines := []Line{{"Connection", ""}}
	host := "$http_host"
	if n.Host != "" {
		host = n.Host
	}
	lines = append(lines, Line{"Host", host})
	for i, name := range n.Erase {
		lines = append(lines, Line{name, fmt.Sprintf("$erased_%d", i)})
	}
	for _, name := range n.Delete {
		lines = append(lines, Line{name, ""})
	}
	lines = append(lines, n.Replace...)
	if n.ForwardedFor {
		lines = append(lines, Line{"X-Forwarded-For", "$proxy_add_x_forwarded_for"})
	}
	return lines
}

// variable is nginx's with a header of the request.
func variable(name string) string {
	return "$http_" + strings.ReplaceAll(strings.ToLower(name), "-", "_")
}
