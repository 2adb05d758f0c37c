package headerguard

import (
	"regexp"
	"slices"
	"strings"
)

// scope are the requests that a rule holds for; zero is all.
type scope struct {
	methods []string
	paths   []pathPattern
}

// pathPattern is written as in Kong's routes: a prefix, or an expression behind a ~, which is anchored at its
// beginning. Both are compared with the path as Kong's router sees it.
type pathPattern struct {
	text       string
	expression *regexp.Regexp // nil for a prefix
}

func newScope(methods, paths []string) scope { return scope{methods: methods, paths: newPaths(paths)} }

func newPaths(texts []string) []pathPattern {
	var out []pathPattern
	for _, text := range texts {
		p := pathPattern{text: text}
		if expression, ok := pathExpression(text); ok {
			p.expression = regexp.MustCompile(expression)
		}
		out = append(out, p)
	}
	return out
}

// pathExpression is that of a path, ok where it is one.
func pathExpression(text string) (expression string, ok bool) {
	expression, ok = strings.CutPrefix(text, "~")
	return "^(?:" + expression + ")", ok
}

func (p pathPattern) covers(routed string) bool {
	if p.expression != nil {
		return p.expression.MatchString(routed)
	}
	return strings.HasPrefix(routed, p.text)
}

// all tells whether the scope is every request.
func (s scope) all() bool { return len(s.methods) == 0 && len(s.paths) == 0 }

// covers takes a request whose line is not known for one that the rule holds for.
func (s scope) covers(line requestLine) bool {
	return line.method == "" ||
		(len(s.methods) == 0 || slices.Contains(s.methods, line.method)) && (len(s.paths) == 0 || anyCovers(s.paths, line.routed))
}

func anyCovers(paths []pathPattern, routed string) bool {
	return slices.ContainsFunc(paths, func(p pathPattern) bool { return p.covers(routed) })
}

func (s scope) text() string {
	var parts []string
	if len(s.methods) > 0 {
		parts = append(parts, "methods "+strings.Join(s.methods, ", "))
	}
	if len(s.paths) > 0 {
		var texts []string
		for _, p := range s.paths {
			texts = append(texts, p.text)
		}
		parts = append(parts, "paths "+strings.Join(texts, ", "))
	}
	return strings.Join(parts, "; ")
}
