package headerguard

import (
	"slices"
	"strings"
)

// scope are the requests that a rule holds for; zero is all.
type scope struct {
	methods []string
	paths   []pathPattern
	// except are requests of these that the rule does not hold for.
	except []scope
}

// pathPattern is written as in Kong's routes: a prefix, or an expression behind a ~, which is anchored at its
// beginning. Both are compared with the path as Kong's router sees it.
type pathPattern struct {
	text       string
	expression *expression // nil for a prefix
}

func newScope(methods, paths []string) scope {
	return scope{methods: methods, paths: newPaths(paths, routeExpression)}
}

// newPaths builds expressions by one of the functions below.
func newPaths(texts []string, anchored func(string) string) []pathPattern {
	var out []pathPattern
	for _, text := range texts {
		p := pathPattern{text: text}
		if expression, ok := strings.CutPrefix(text, "~"); ok {
			p.expression = compile(anchored(expression))
		}
		out = append(out, p)
	}
	return out
}

// routeExpression is anchored as Kong anchors a route's: in /a|/b its first branch only. A rule then holds for
// all requests that a route of the same path gets.
func routeExpression(expression string) string { return "^" + expression }

// exemptExpression is anchored in every branch: a request is not exempt for what stands within its path.
func exemptExpression(expression string) string { return "^(?:" + expression + ")" }

func (p pathPattern) covers(routed string) bool {
	if p.expression != nil {
		return p.expression.MatchString(routed)
	}
	return strings.HasPrefix(routed, p.text)
}

// all tells whether the scope is every request.
func (s scope) all() bool { return len(s.methods)+len(s.paths)+len(s.except) == 0 }

// covers takes a request whose line is not known for one that the rule holds for.
func (s scope) covers(line requestLine) bool {
	if line.method == "" {
		return true
	}
	return (len(s.methods) == 0 || slices.Contains(s.methods, line.method)) && (len(s.paths) == 0 || anyCovers(s.paths, line.routed)) &&
		!slices.ContainsFunc(s.except, func(e scope) bool { return e.covers(line) })
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
	for _, e := range s.except {
		parts = append(parts, "not "+e.text())
	}
	return strings.Join(parts, "; ")
}
