package jwksverify

import (
	"net/url"
	"strings"
)

// queryHoldsToken tells whether a query has the parameter access_token (RFC 6750, section 2.3), with a value or
// without. It is read as the most generous upstream would: the name in any case, encoded or not, and a semicolon
// as good as an ampersand.
func queryHoldsToken(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if strings.EqualFold(name, "access_token") {
			return true
		}
	}
	return false
}
