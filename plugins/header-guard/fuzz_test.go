package headerguard

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tollgate/internal/httpheader"
)

// FuzzExamine holds the guard to what can be said of it in other words.
func FuzzExamine(f *testing.F) {
	f.Add("x-tenant", "acme", "authorization", "Bearer x")
	f.Add("x_tenant", "acme", "apikey", " \t")
	f.Add("x-tenant", "\xff", "x-tenant", "ok")
	f.Add("", "", "apikey", "k")
	f.Add("connection", "close, x-tenant", "x-tenant", "acme")
	f.Add("content-length", "1", "transfer-encoding", "chunked")
	f.Add("x-consumer-id", "1", "host", "a:1")
	g := guardOf(f, `{"rules":[{"header":"x-tenant","match":"^[a-z]+$"}],"any_of":[{"headers":["authorization","apikey"],"status":401}],
		"presets":["host"],"trusted_peers":["10.0.0.1"]}`)
	spoken := []string{"authorization", "apikey", "host", "connection", "content-length"}
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		h := headers{"host": {"a"}}
		h[name1] = append(h[name1], value1)
		h[name2] = append(h[name2], value2)
		q, _ := survey(httpheader.FromMap(h))
		v := g.judge(g.examine(q), circumstances{})
		v.locate(testimony{})
		if v.decision == passed {
			requirePassable(t, h)
		}
		for _, fault := range v.faults {
			if sent := len(h[fault.name]) > 0; sent != fault.came {
				t.Errorf("%s %s: it came: %v", fault.header, fault.reason, sent)
			}
			if !slices.Contains(spoken, fault.header) && !strings.HasPrefix(fault.header, "x-") {
				t.Errorf("a fault of %q, of which nobody has spoken", fault.header)
			}
		}
		if told := auditValue(v.faults); !utf8.ValidString(told) || strings.ContainsAny(told, "\r\n") {
			t.Errorf("the upstream is told %q", told)
		}
	})
}

// requirePassable states in other words what a request must hold to pass the guard of FuzzExamine.
func requirePassable(t *testing.T, h headers) {
	t.Helper()
	if len(h["x-tenant"]) != 1 || len(h["authorization"]) == 0 && len(h["apikey"]) == 0 || len(h["host"]) != 1 {
		t.Errorf("passed without its headers: %q", h)
	}
	for _, line := range h["x-tenant"] {
		if line == "" || strings.Trim(line, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("passed with the tenant %q", line)
		}
	}
	for name := range h {
		for _, prefix := range []string{"x-consumer-", "x-credential-", "x-authenticated-"} {
			if strings.HasPrefix(strings.ReplaceAll(name, "_", "-"), prefix) {
				t.Errorf("passed with %q", name)
			}
		}
	}
}

// FuzzConnection holds the checks to what Kong 3.9.3 takes off.
func FuzzConnection(f *testing.F) {
	for _, seed := range []string{"close", "keep-alive, X-Tenant", "te,,\tHost\v", "Content-Length", "upgrade;q=1", "\xff", " x-tenant\f,", ",,\vhost "} {
		f.Add(seed, "")
		f.Add(seed, "close")
		f.Add("keep-alive", seed)
	}
	ofTheConnection := []string{
		"keep-alive", "close", "upgrade", "te", "trailer", "trailers", "transfer-encoding", "http2-settings", "proxy-connection",
	}
	f.Fuzz(func(t *testing.T, line, second string) {
		lines := []string{line}
		if second != "" { // nginx makes one of them
			lines, line = append(lines, second), line+", "+second
		}
		q, _ := survey(httpheader.List{{Name: "connection", Lines: lines}})
		harmless := len(connection{}.examine(q, nil)) == 0 && len(framing{}.examine(q, nil)) == 0
		for _, name := range removedByConnection(line) {
			if harmless && !slices.Contains(ofTheConnection, name) {
				t.Errorf("%q takes %s off, and passed", line, name)
			}
			if name != "upgrade" && !named(q.connection, name) {
				t.Errorf("%q takes %q off, and no rule for it would tell", line, name)
			}
		}
	})
}

// removedByConnection are the headers that Kong takes off, told from what its reader does (csv in
// kong/runloop/handler.lua): elements end at commas, and white space goes from an end of one only where a
// space is outermost there.
func removedByConnection(line string) []string {
	const space = " \t\n\v\f\r"
	whole := lowerASCII(line)
	if whole == "close" || whole == "upgrade" || whole == "keep-alive" {
		return nil
	}
	var names []string
	for _, element := range strings.Split(whole, ",") {
		if strings.HasPrefix(element, " ") {
			element = strings.TrimLeft(element, space)
		}
		if strings.HasSuffix(element, " ") {
			element = strings.TrimRight(element, space)
		}
		if element != "" && strings.Trim(element, "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" { // else it is no header that nginx lets through
			names = append(names, element)
		}
	}
	return names
}

// lowerASCII is Lua's string.lower in the C locale.
func lowerASCII(text string) string {
	bytes := []byte(text)
	for i, c := range bytes {
		if c >= 'A' && c <= 'Z' {
			bytes[i] = c + 'a' - 'A'
		}
	}
	return string(bytes)
}
