package router

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"tollgate/test/kongsim/internal/deck"
)

// Router is a compiled set of routes. It does not change.
type Router struct{ rules []*rule }

// rule is a route with one of its paths, as Kong splits routes before it
// weighs them.
type rule struct {
	route     *deck.Route
	prefix    string
	regex     *regexp.Regexp
	weight    int // how many kinds of criteria the route has
	plainHost bool
}

// Match is the route of a request.
type Match struct {
	Route    *deck.Route
	Prefix   string // what strip_path strips; "" when it strips nothing
	Captures Captures
}

// Captures are the groups of a regex path.
type Captures struct {
	Unnamed []string
	Named   map[string]string
}

// New compiles routes; a path that is no regular expression is an error.
func New(routes []*deck.Route) (*Router, error) {
	r := &Router{}
	for _, route := range routes {
		rules, err := split(route)
		if err != nil {
			return nil, err
		}
		r.rules = append(r.rules, rules...)
	}
	slices.SortStableFunc(r.rules, compare)
	return r, nil
}

func split(route *deck.Route) ([]*rule, error) {
	base := rule{route: route, plainHost: len(route.Hosts) > 0}
	for _, criteria := range [][]string{route.Methods, route.Hosts, route.Paths} {
		if len(criteria) > 0 {
			base.weight++
		}
	}
	for _, host := range route.Hosts {
		base.plainHost = base.plainHost && !strings.Contains(host, "*")
	}
	if len(route.Paths) == 0 {
		return []*rule{&base}, nil
	}
	var rules []*rule
	for _, path := range route.Paths {
		one := base
		if err := one.compile(path); err != nil {
			return nil, fmt.Errorf("route %s: %w", route.Name, err)
		}
		rules = append(rules, &one)
	}
	return rules, nil
}

func (r *rule) compile(path string) error {
	expression, isRegex := strings.CutPrefix(path, "~")
	if !isRegex {
		r.prefix = path
		return nil
	}
	var err error
	r.regex, err = regexp.Compile("^(?:" + expression + ")")
	return err
}

// compare puts the rule first that Kong's get_priority gives more: more kinds
// of criteria, plain hosts, regex paths by their priority, longer prefixes.
func compare(a, b *rule) int {
	return cmp.Or(
		-cmp.Compare(a.weight, b.weight),
		-compareBool(a.plainHost, b.plainHost),
		-compareBool(a.regex != nil, b.regex != nil),
		-cmp.Compare(a.regexPriority(), b.regexPriority()),
		-cmp.Compare(len(a.prefix), len(b.prefix)),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (r *rule) regexPriority() int {
	if r.regex == nil {
		return 0
	}
	return r.route.RegexPriority
}

// Find matches a method, the Host header and a normalized path.
func (r *Router) Find(method, host, path string) (*Match, bool) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for _, rule := range r.rules {
		if rule.matchesMethod(method) && rule.matchesHost(host) {
			if match, ok := rule.matchPath(path); ok {
				return match, true
			}
		}
	}
	return nil, false
}

func (r *rule) matchesMethod(method string) bool {
	return len(r.route.Methods) == 0 || slices.Contains(r.route.Methods, method)
}

func (r *rule) matchesHost(host string) bool {
	return len(r.route.Hosts) == 0 || slices.ContainsFunc(r.route.Hosts, func(pattern string) bool {
		return matchHost(strings.ToLower(pattern), strings.ToLower(host))
	})
}

// matchHost allows a wildcard as the first or the last label.
func matchHost(pattern, host string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix)
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(host, prefix)
	}
	return pattern == host
}

func (r *rule) matchPath(path string) (*Match, bool) {
	match := &Match{Route: r.route}
	matched := r.prefix
	if r.regex != nil {
		groups := r.regex.FindStringSubmatch(path)
		if groups == nil {
			return nil, false
		}
		matched, match.Captures = groups[0], r.captures(groups)
	} else if !strings.HasPrefix(path, r.prefix) {
		return nil, false
	}
	if r.route.StripPath {
		match.Prefix = matched
	}
	return match, true
}

func (r *rule) captures(groups []string) Captures {
	c := Captures{Unnamed: groups[1:], Named: map[string]string{}}
	for i, name := range r.regex.SubexpNames() {
		if name != "" {
			c.Named[name] = groups[i]
		}
	}
	return c
}
