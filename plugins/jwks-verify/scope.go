package jwksverify

import (
	"fmt"
	"slices"
	"strings"
)

// scopeRule says which scopes a token must have.
type scopeRule struct {
	required []string
	any      bool
}

// check refuses a token without the scopes.
func (s scopeRule) check(c claims) *refusal {
	if len(s.required) == 0 {
		return nil
	}
	granted := grantedScopes(c)
	has := func(scope string) bool { return slices.Contains(granted, scope) }
	lacks := func(scope string) bool { return !has(scope) }
	if s.any && slices.ContainsFunc(s.required, has) || !s.any && !slices.ContainsFunc(s.required, lacks) {
		return nil
	}
	quantity := "all"
	if s.any {
		quantity = "any"
	}
	return &refusal{reasonScope, fmt.Sprintf("the token has not %s of %q", quantity, s.required)}
}

// grantedScopes are those of scope (RFC 9068, section 2.2.3) and of scp, which others than PingFederate
// use: a string with spaces between scopes (RFC 6749, section 3.3), or an array of scopes.
func grantedScopes(c claims) []string {
	var out []string
	for _, name := range [...]string{"scope", "scp"} {
		values, _ := c.texts(name)
		if _, one := c[name].(string); one {
			values = strings.Split(values[0], " ")
		}
		out = append(out, values...)
	}
	return out
}

// isScopeToken tells whether text is one scope (RFC 6749, section 3.3), fit to stand in a challenge.
func isScopeToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}
