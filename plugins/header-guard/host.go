package headerguard

import (
	"net/netip"
	"slices"
	"strings"
)

// hosts demands that Host names one of these. A load balancer that rewrites Host leads requests to the wrong
// route, or to none.
type hosts struct {
	exact    []string // lower case
	suffixes []string // with the dot that they begin with
}

func newHosts(names []string) *hosts {
	h := &hosts{}
	for _, name := range names {
		name = strings.ToLower(name)
		if suffix, wild := strings.CutPrefix(name, "*"); wild {
			h.suffixes = append(h.suffixes, suffix)
		} else {
			h.exact = append(h.exact, name)
		}
	}
	return h
}

func (h *hosts) examine(q request, found []fault) []fault {
	lines := q.headers.Lines("host")
	if len(lines) == 1 && h.has(lines[0]) {
		return found
	}
	return append(found, fault{header: "host", name: "host", reason: HostMismatch, came: len(lines) > 0, value: last(lines)})
}

// has takes the host without its port, as Kong's router does.
func (h *hosts) has(value string) bool {
	name, ok := hostName(value)
	if !ok {
		return false
	}
	name = strings.ToLower(name)
	return slices.Contains(h.exact, name) || slices.ContainsFunc(h.suffixes, func(suffix string) bool {
		return len(name) > len(suffix) && strings.HasSuffix(name, suffix)
	})
}

func (h *hosts) text() string {
	all := slices.Clone(h.exact)
	for _, suffix := range h.suffixes {
		all = append(all, "*"+suffix)
	}
	return "Host is one of " + strings.Join(all, ", ")
}

// ofHostNames tells whether a text holds nothing but bytes of names and IPv4 addresses.
func ofHostNames(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return true
}

// hostName is a host without its port; ok tells whether it is well-formed (RFC 9110, section 7.2).
func hostName(value string) (name string, ok bool) {
	name = value
	if at := strings.LastIndexByte(value, ':'); at >= 0 && !strings.HasSuffix(value, "]") {
		if port := value[at+1:]; len(port) > 5 || !isNumber(port) {
			return "", false
		}
		name = value[:at]
	}
	if inner, bracketed := strings.CutPrefix(name, "["); bracketed {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return name, err == nil && addr.Is6() && strings.HasSuffix(inner, "]")
	}
	return name, name != "" && ofHostNames(name)
}

// last is the last line, which is the one too many where one is.
func last(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}
