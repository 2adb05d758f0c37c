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
			v.Violations = append(v.Violations, Violation{d.rule, name, judge(headers[name], d.match)})
		}
	}
	return v
}

func (d *demand) satisfied(headers map[string][]string) bool {
	for _, name := range d.names {
		if judge(headers[name], d.match) == "" {
			return true
		}
	}
	return false
}

// judge returns the reason of the first line at fault, or "" where all lines are sound.
func judge(lines []string, match *regexp.Regexp) Reason {
	if len(lines) == 0 {
		return Missing
	}
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
