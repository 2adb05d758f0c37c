package headerguard

import (
	"slices"
	"strings"
)

// authority demands that an absolute target (GET http://a.example.com/ HTTP/1.1) names the host that Host names.
// nginx and Kong take the target's for the host (RFC 9112, section 3.2.2), and tell it the upstream in
// X-Forwarded-Host, whatever Host says.
type authority struct{}

func (authority) examine(q request, found []fault) []fault {
	if q.authority == "" {
		return found
	}
	lines := q.headers.Lines("host")
	target, ok := hostName(q.authority)
	if host, sound := hostName(last(lines)); ok && sound && strings.EqualFold(target, host) {
		return found
	}
	return append(found, fault{header: "host", name: "host", reason: HostMismatch, came: len(lines) > 0, value: q.authority})
}

func (authority) text() string { return "an absolute target names the same host as Host" }

// comparesAuthority tells whether a configuration says what the host must be. Then the request line is asked
// for with the headers, of every request: nothing else tells a target's authority.
func (c *Config) comparesAuthority() bool {
	return len(c.Hosts) > 0 || slices.Contains(c.Presets, presetHost)
}

// authorityOf is that of a request line with an absolute target, empty for any other.
func authorityOf(line string) string {
	_, rest, _ := strings.Cut(line, " ")
	target := strings.TrimLeft(rest, " ")
	if strings.HasPrefix(target, "/") {
		return ""
	}
	_, rest, absolute := strings.Cut(target, "://")
	if !absolute {
		return ""
	}
	if at := strings.IndexAny(rest, "/?# "); at >= 0 {
		return rest[:at]
	}
	return rest
}
