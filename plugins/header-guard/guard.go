package headerguard

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Guard is a compiled configuration.
type Guard struct{ demands []demand }

// demand is satisfied by one sound header out of names.
type demand struct {
	rule   string
	names  []string
	match  *regexp.Regexp // nil accepts any value
	status int
}

// NewGuard compiles a configuration that Validate has accepted.
func NewGuard(cfg Config) *Guard {
	g := &Guard{}
	for i, rule := range cfg.Rules {
		d := demand{rule: rulePath(i), names: lower([]string{rule.Header}), status: rule.Status}
		if rule.Match != "" {
			d.match = regexp.MustCompile(rule.Match)
		}
		g.demands = append(g.demands, d)
	}
	for i, group := range cfg.AnyOf {
		g.demands = append(g.demands, demand{rule: anyOfPath(i), names: lower(group.Headers), status: group.Status})
	}
	return g
}

func lower(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.ToLower(name)
	}
	return out
}

// Check judges a request by its header lines, which stand under lower-case names. It keeps nothing of
// them, and allocates only where a rule is violated.
func (g *Guard) Check(headers map[string][]string) Verdict {
	var v Verdict
	for i := range g.demands {
		d := &g.demands[i]
		if d.satisfied(headers) {
			continue
		}
		if v.Status == 0 {
			v.Status = d.status
		}
		for _, name := range d.names {
			v.Violations = append(v.Violations, Violation{d.rule, name, d.judge(headers, name)})
		}
	}
	return v
}

func (d *demand) satisfied(headers map[string][]string) bool {
	for _, name := range d.names {
		if d.judge(headers, name) == "" {
			return true
		}
	}
	return false
}

// judge returns why the header does not count as present, or "" where it does.
func (d *demand) judge(headers map[string][]string, name string) Reason {
	switch lines := headers[name]; {
	case len(lines) == 0:
		return Missing
	case hopByHop(headers["connection"], name):
		return HopByHop
	default:
		return atFault(lines, d.match)
	}
}

// hopByHop tells whether a line of Connection names the header. After the plugins ran Kong removes what
// stands there (RFC 9110, section 7.6.1; kong/runloop/handler.lua), in this spelling only. Upgrade is
// the exception: it must stand there, and Kong sends on that of a WebSocket.
func hopByHop(connection []string, name string) bool {
	if name == "upgrade" {
		return false
	}
	for _, line := range connection {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

// atFault returns the reason of the first line at fault, or "" where all lines are sound.
func atFault(lines []string, match *regexp.Regexp) Reason {
	for _, line := range lines {
		switch {
		case strings.Trim(line, " \t") == "": // optional white space, RFC 9110, section 5.6.3
			return Blank
		case !utf8.ValidString(line):
			return NotUTF8
		case match != nil && !match.MatchString(line):
			return Pattern
		}
	}
	return ""
}
