package headerguard

import (
	"fmt"
	"regexp"
	"strings"

	"tollgate/internal/schema"
)

// The modes.
const (
	modeEnforce = "enforce"
	modeAudit   = "audit"
)

// Config is the plugin's configuration. At least one of Rules and AnyOf holds something.
type Config struct {
	// Mode is enforce, which refuses a request that violates a rule, or audit, which only reports it.
	// Default enforce.
	Mode string `json:"mode"`
	// Rules each demand one header. A header stands in one rule at most.
	Rules []Rule `json:"rules"`
	// AnyOf each demand one header out of several.
	AnyOf []AnyOf `json:"any_of"`
}

// Rule demands a header.
type Rule struct {
	// Header is its name, in any case. Required.
	Header string `json:"header"`
	// Match is an RE2 expression that each of its values must contain; absent accepts any value.
	Match string `json:"match"`
	// Status is that of the answer, 400 to 599, default 400.
	Status int `json:"status"`
}

// AnyOf demands one of several headers.
type AnyOf struct {
	// Headers are their names, at least two. Required.
	Headers []string `json:"headers"`
	// Status is that of the answer, 400 to 599, default 400.
	Status int `json:"status"`
}

// Validate reports what Kong's schema cannot express: expressions that do not compile, and headers
// that are named twice.
func (c *Config) Validate() error {
	var p schema.Problems
	ruled := map[string]string{}
	for i, rule := range c.Rules {
		path := rulePath(i)
		refuseDouble(&p, ruled, schema.Join(path, "header"), rule.Header)
		if _, err := regexp.Compile(rule.Match); err != nil {
			p.Add(schema.Join(path, "match"), fmt.Sprintf("must be an RE2 expression: %v", err))
		}
	}
	for i, group := range c.AnyOf {
		listed := map[string]string{}
		for j, name := range group.Headers {
			refuseDouble(&p, listed, fmt.Sprintf("%s.headers[%d]", anyOfPath(i), j+1), name)
		}
	}
	return p.Err()
}

// refuseDouble notes the header at path, and a problem where it was named before in any case.
func refuseDouble(p *schema.Problems, seen map[string]string, path, header string) {
	name := strings.ToLower(header)
	if first, double := seen[name]; double {
		p.Add(path, fmt.Sprintf("must not repeat a header, %s is in %s", name, first))
		return
	}
	seen[name] = path
}

// rulePath and anyOfPath lead to an element as Kong and the schema's messages count, from one.
func rulePath(i int) string  { return fmt.Sprintf("rules[%d]", i+1) }
func anyOfPath(i int) string { return fmt.Sprintf("any_of[%d]", i+1) }
