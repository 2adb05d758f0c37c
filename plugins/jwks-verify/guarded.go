package jwksverify

import (
	"slices"
	"strings"

	"tollgate/internal/httpheader"
)

// guarded are the headers that only the gateway may send to the upstream: those that tell identity, and these,
// which claims go into.
type guarded struct {
	keys map[string]bool // by headerKey
	// begins tells with which bytes one of them begins, in any case and spelling: most names of a request are
	// passed over by it.
	begins [256]bool
}

func newGuarded(c *Config) guarded {
	g := guarded{keys: map[string]bool{}}
	g.begins['x'], g.begins['X'] = true, true
	for _, t := range c.ClaimsToHeaders {
		key := headerKey(t.Header)
		g.keys[key] = true
		for i := range g.begins {
			g.begins[i] = g.begins[i] || headerKey(string(rune(i))) == key[:1]
		}
	}
	return g
}

// forged are the guarded headers of a request, in the spellings in which the client sent them. Clearing or
// setting one spelling leaves the others standing in Kong, where a dash and an underscore differ, while
// many an upstream takes them for the same.
func (g *guarded) forged(headers httpheader.List) []string {
	var out []string
	for i := range headers {
		if name := headers[i].Name; g.holds(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// strippedBy tells whether a line of Connection names a guarded header. Kong removes what Connection names
// after the plugins ran (RFC 9110, section 7.6.1; kong/runloop/handler.lua), so that a client could take
// off what is set here.
func (g *guarded) strippedBy(connection []string) bool {
	for _, line := range connection {
		for name := range strings.SplitSeq(line, ",") {
			if g.holds(strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// holds takes a name in any case and spelling.
func (g *guarded) holds(name string) bool {
	if name == "" || !g.begins[name[0]] {
		return false
	}
	key := headerKey(name)
	for _, prefix := range [...]string{"x-consumer-", "x-credential-", "x-authenticated-", "x-anonymous-consumer"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return g.keys[key]
}
