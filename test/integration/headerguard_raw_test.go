package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/sandbox"
)

const guardsConfig = `
_format_version: "3.0"
plugins:
  - name: header-guard # for requests on routes without one of their own
    config: {rules: [{header: X-Global}]}
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - name: open
        paths: [/open]
        plugins: [{name: header-guard, config: {mode: audit, presets: [host]}}]
      - name: everywhere
        paths: [/everywhere]
      - name: raw
        paths: [/raw]
        strip_path: false
        plugins:
          - name: header-guard
            instance_name: raw
            config:
              presets: [host]
              fingerprint_key: 0123456789abcdef
              rules:
                - {name: tenant, header: X-Tenant, match: '^[a-z]+$'}
                - {name: written, header: Idempotency-Key, methods: [POST], paths: [/raw/orders]}
              exempt: {methods: [OPTIONS], paths: [/raw/health]}
      - name: around
        paths: [/around]
        plugins: [{name: header-guard, config: {trusted_peers: [192.0.2.0/24], on_untrusted_peer: reject}}]
      - name: through
        paths: [/through]
        plugins:
          - name: header-guard
            config:
              trusted_peers: [127.0.0.1]
              on_untrusted_peer: reject
              witness: {secrets: [a-secret-of-the-load-balancer-32-bytes]}
      - name: fronted
        paths: [/fronted]
        plugins: [{name: header-guard, config: {presets: [forwarded], hosts: [api.example.com]}}]
      - name: mixed
        paths: [/mixed]
        plugins:
          - name: header-guard
            config:
              mode: audit
              rules: [{header: X-Tenant, mode: enforce}, {header: X-Other}]
              audit_header: X-Guard
      - name: watched
        paths: [/watched]
        plugins: [{name: header-guard, config: {mode: audit, rules: [{header: X-Tenant}], audit_header: X-Guard}}]
`

// TestHeaderGuards looks at one gateway, which takes its time to start.
func TestHeaderGuards(t *testing.T) {
	s := start(t, sandbox.Options{Config: []byte(guardsConfig)})
	for name, look := range map[string]func(*testing.T, *sandbox.Sandbox){
		"what no HTTP client sends":                 whatNoHTTPClientSends,
		"what nginx refuses before any plugin":      whatNginxRefuses,
		"what Kong would take for the client's":     whatKongTakesForTheClients,
		"what cannot be read":                       whatCannotBeRead,
		"who came around":                           whoCameAround,
		"what audit let pass is told the upstream":  whatAuditLetPass,
		"an instance for all routes asks for one's": instanceForAllRoutes,
	} {
		t.Run(name, func(t *testing.T) { look(t, s) })
	}
}

// exchange sends text as it is, and reads one answer.
func exchange(t *testing.T, s *sandbox.Sandbox, text string) reply {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("reading the answer to %.60q: %v", text, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{status: response.StatusCode, headers: response.Header, body: body}
}

// wire makes a request's lines those of the wire.
func wire(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

func whatNoHTTPClientSends(t *testing.T, s *sandbox.Sandbox) {
	const host, tenant = "Host: api.example.com", "X-Tenant: acme"
	tenantIs := func(reason string) []violation { return []violation{{"tenant", "x-tenant", reason, "unknown"}} }
	many := []string{"GET /raw HTTP/1.1", host, tenant}
	for i := range 998 { // 1000 lines, which is all that nginx lets through in Kong 3.9.3 (max_headers)
		many = append(many, fmt.Sprintf("a%d:", i))
	}
	for _, row := range []struct {
		name, text string
		status     int
		violations []violation
	}{
		{"a sound request", wire("GET /raw HTTP/1.1", host, tenant), 200, nil},
		{"two lines", wire("GET /raw HTTP/1.1", host, tenant, "x-tenant: acme"), 400, tenantIs("duplicate")},
		{"spaces, as a F5 erases", wire("GET /raw HTTP/1.1", host, "X-Tenant:        "), 400, tenantIs("blank")},
		{"a tab", wire("GET /raw HTTP/1.1", host, "X-Tenant: \t"), 400, tenantIs("blank")},
		{"no space before the value, and some behind it", wire("GET /raw HTTP/1.1", host, "X-Tenant:acme  "), 200, nil},
		{"a byte above 0x7f", wire("GET /raw HTTP/1.1", host, "X-Tenant: acm\xe9"), 400, tenantIs("not_utf8")},
		{"a name with a dot, which nginx drops", wire("GET /raw HTTP/1.1", host, "X.Tenant: acme"), 400, tenantIs("missing")},
		{"a name with an underscore", wire("GET /raw HTTP/1.1", host, "X_Tenant: acme"), 400, tenantIs("alias")},
		{"Connection names a header", wire("GET /raw HTTP/1.1", host, tenant, "Connection: close, X-Other"), 400,
			[]violation{{"hop_by_hop", "connection", "hop_by_hop", "unknown"}}},
		{"Connection names one in its second line", wire("GET /raw HTTP/1.1", host, tenant, "Connection: close", "Connection: Authorization"), 400,
			[]violation{{"hop_by_hop", "connection", "hop_by_hop", "unknown"}}},
		{"Connection names Content-Length", wire("POST /raw HTTP/1.1", host, tenant, "Content-Length: 2", "Connection: Content-Length") + "ab", 400,
			[]violation{{"content_length", "content-length", "content_length", "unknown"}}},
		{"no Host in HTTP/1.0", wire("GET /raw HTTP/1.0", tenant), 400, []violation{{"host", "host", "missing", "unknown"}}},
		{"a rule for another method", wire("GET /raw/orders HTTP/1.1", host, tenant), 200, nil},
		{"a rule for this method and path", wire("POST /raw/orders?a=b HTTP/1.1", host, tenant, "Content-Length: 0"), 400,
			[]violation{{"written", "idempotency-key", "missing", "unknown"}}},
		{"its path in disguise", wire("POST /raw/./x/..//%6frders HTTP/1.1", host, tenant, "Content-Length: 0"), 400,
			[]violation{{"written", "idempotency-key", "missing", "unknown"}}},
		{"its path behind an authority", wire("POST http://api.example.com/raw/orders HTTP/1.1", host, tenant, "Content-Length: 0"), 400,
			[]violation{{"written", "idempotency-key", "missing", "unknown"}}},
		{"a preflight", wire("OPTIONS /raw HTTP/1.1", host), 200, nil},
		{"a preflight that attacks the gateway", wire("OPTIONS /raw HTTP/1.1", host, "X-Consumer-Id: 1"), 400,
			[]violation{{"spoofed", "x-consumer-id", "spoofed", "unknown"}}},
		{"a probe", wire("GET /raw/health?deep HTTP/1.1", host), 200, nil},
		{"a path that leads away from the probe's", wire("GET /raw/health/%2e%2e/orders HTTP/1.1", host), 400, tenantIs("missing")},
		{"as many lines as Kong hands over", wire(many...), 431, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if strings.Contains(row.text, "http://") {
				realKongOnly(t) // the stand-in's server leaves the authority in the path
			}
			r := exchange(t, s, row.text)
			r.is(t, row.status)
			if row.status == http.StatusOK {
				r.upstream(t)
			} else if diff := cmp.Diff(row.violations, r.problem(t).Violations); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}

// whatNginxRefuses is what guard explain notes, and why content_length finds but one thing.
func whatNginxRefuses(t *testing.T, s *sandbox.Sandbox) {
	realKongOnly(t)
	const host, tenant = "Host: api.example.com", "X-Tenant: acme"
	for name, text := range map[string]string{
		"no Host in HTTP/1.1":             wire("GET /raw HTTP/1.1", tenant),
		"two Hosts":                       wire("GET /raw HTTP/1.1", host, host, tenant),
		"two Authorizations":              wire("GET /raw HTTP/1.1", host, tenant, "Authorization: a", "Authorization: b"),
		"two lengths":                     wire("POST /raw HTTP/1.1", host, tenant, "Content-Length: 1", "Content-Length: 1") + "a",
		"a length that is no number":      wire("POST /raw HTTP/1.1", host, tenant, "Content-Length: +1") + "a",
		"more lines than Kong hands over": wire("GET /raw HTTP/1.1", host, tenant, strings.Repeat("a:\r\n", 999)+"a:"),
		"a length and chunked":            wire("POST /raw HTTP/1.1", host, tenant, "Content-Length: 1", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		"a folded line":                   wire("GET /raw HTTP/1.1", host, "X-Tenant: acme", " more"),
	} {
		t.Run(name, func(t *testing.T) {
			r := exchange(t, s, text)
			r.is(t, http.StatusBadRequest)
			if strings.Contains(string(r.body), "violations") {
				t.Errorf("the plugin answered: %s", r.body)
			}
		})
	}
}

// whatKongTakesForTheClients: Kong looks up X-Forwarded headers with underscores, and takes the host of an
// absolute target for the client's.
func whatKongTakesForTheClients(t *testing.T, s *sandbox.Sandbox) {
	genuine := []string{
		"Host: api.example.com", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: api.example.com",
	}
	send := func(t *testing.T, line string, more ...string) reply {
		t.Helper()
		return exchange(t, s, wire(append(append([]string{line}, genuine...), more...)...))
	}
	send(t, "GET /fronted HTTP/1.1").is(t, http.StatusOK)
	for header, check := range map[string]string{
		"X_Forwarded_For": "forwarded_for", "X_Forwarded_Proto": "forwarded_proto", "X_Forwarded_Host": "forwarded_host",
		"X_Forwarded_Port": "forwarded_alias", "X-Forwarded_Prefix": "forwarded_alias", "X_Forwarded_Path": "forwarded_alias",
	} {
		r := send(t, "GET /fronted HTTP/1.1", header+": evil")
		r.is(t, http.StatusBadRequest)
		want := []violation{{check, strings.ToLower(strings.ReplaceAll(header, "_", "-")), "alias", "unknown"}}
		if diff := cmp.Diff(want, r.problem(t).Violations); diff != "" {
			t.Errorf("%s: violations (-want +got):\n%s", header, diff)
		}
	}
	t.Run("an absolute target", func(t *testing.T) {
		realKongOnly(t) // the stand-in's server leaves the authority in the path
		send(t, "GET http://api.example.com/fronted HTTP/1.1").is(t, http.StatusOK)
		r := send(t, "GET http://evil.example/fronted HTTP/1.1")
		r.is(t, http.StatusMisdirectedRequest)
		if diff := cmp.Diff([]violation{{"authority", "host", "host_mismatch", "unknown"}}, r.problem(t).Violations); diff != "" {
			t.Errorf("violations (-want +got):\n%s", diff)
		}
	})
}

func whatCannotBeRead(t *testing.T, s *sandbox.Sandbox) {
	many := func(path string, more ...string) string {
		lines := append([]string{"GET " + path + " HTTP/1.1", "Host: api.example.com"}, more...)
		for i := range 1000 - len(lines) + 1 { // the first is no header
			lines = append(lines, fmt.Sprintf("a%d:", i))
		}
		return wire(lines...)
	}
	r := exchange(t, s, many("/mixed", "X-Guard: forged"))
	r.is(t, http.StatusRequestHeaderFieldsTooLarge)
	logHas(t, s.ErrorLog(), r.id(), `"decision":"unread","status":431`, `"peer":"127.0.0.1"`, `"route":"`, `"service":"`, `"method":"GET","path":"/mixed"`)
	seen := exchange(t, s, many("/watched", "X-Guard: forged", "X_Guard: forged")).upstream(t).Headers
	for name := range seen {
		if strings.Contains(strings.ToLower(name), "guard") {
			t.Errorf("the upstream saw %s", name)
		}
	}
}

func whoCameAround(t *testing.T, s *sandbox.Sandbox) {
	r := getFrom(t, s, "/around?key=s3cret", "X-Forwarded-For: 192.0.2.1", "X-Real-IP: 192.0.2.1")
	r.is(t, http.StatusForbidden)
	if diff := cmp.Diff([]violation{{"untrusted_peer", "", "untrusted_peer", "unknown"}}, r.problem(t).Violations); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	line := logHas(t, s.ErrorLog(), r.id(), `"peer":"127.0.0.1","trusted_peer":false`, `"route":"`, `"method":"GET","path":"/around"`)
	// What stands behind it is nginx's.
	if own, _, _ := strings.Cut(line, ", client: "); strings.Contains(own, "s3cret") {
		t.Errorf("the plugin logs %s", line)
	}
	r = getFrom(t, s, "/through", "X-F5-Witness: v1", "X_F5_Witness: v1")
	r.is(t, http.StatusOK)
	for name := range r.upstream(t).Headers {
		if strings.Contains(strings.ToLower(name), "witness") {
			t.Errorf("the upstream saw %s", name)
		}
	}
}

func whatAuditLetPass(t *testing.T, s *sandbox.Sandbox) {
	seen := getFrom(t, s, "/watched", "X-Guard: forged", "X_Guard: forged").upstream(t).Headers
	if got := strings.Join(seen["X-Guard"], "|") + strings.Join(seen["X_Guard"], "|"); got != `missing;rule="rules[1]";place=unknown;header="x-tenant"` {
		t.Errorf("the upstream was told %q", got)
	}
	seen = getFrom(t, s, "/watched", "X-Guard: forged", "X-Tenant: acme").upstream(t).Headers
	if seen["X-Guard"] != nil {
		t.Errorf("the upstream saw a client's %q", seen["X-Guard"])
	}
	// What the guard warns of is what Kong does.
	seen = getFrom(t, s, "/watched", "X-Tenant: acme", "X-Other: 1", "Connection: X-Other").upstream(t).Headers
	if seen["X-Other"] != nil {
		t.Errorf("Kong sent X-Other on, which Connection named")
	}
}

func instanceForAllRoutes(t *testing.T, s *sandbox.Sandbox) {
	r := getFrom(t, s, "/everywhere")
	r.is(t, http.StatusBadRequest)
	logHas(t, s.ErrorLog(), r.id(), `"route":"`, `"service":"`, `"rule":"rules[1]"`)
}
