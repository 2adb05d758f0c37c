package jwksverify

import (
	"encoding/hex"
	"strings"
)

// queryHoldsToken tells whether a query has the parameter access_token (RFC 6750, section 2.3), with a value or
// without. It is read as the most generous upstream would: the name in any case, encoded or not, a semicolon as
// good as an ampersand, and what PHP takes for the name, too.
func queryHoldsToken(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if namesToken(unescaped(name)) {
			return true
		}
	}
	return false
}

// namesToken tells whether some upstream reads a decoded name as access_token. PHP cuts names at a NUL, drops
// spaces before them, makes underscores of dots and spaces, and takes what comes before "[" for the name of an
// array; where no "]" follows, it makes an underscore of that, too (main/php_variables.c).
func namesToken(name string) bool {
	name, _, _ = strings.Cut(name, "\x00")
	name = strings.Map(func(r rune) rune {
		if r == '.' || r == ' ' {
			return '_'
		}
		return r
	}, strings.TrimSpace(name))
	array, _, _ := strings.Cut(name, "[")
	const token = "access_token"
	return strings.EqualFold(array, token) || strings.EqualFold(strings.Replace(name, "[", "_", 1), token)
}

// unescaped decodes what can be decoded, and leaves broken escapes as they are: a reader that is strict about
// them finds no parameter, others do.
func unescaped(text string) string {
	if !strings.ContainsAny(text, "%+") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == '+' {
			b = ' '
		}
		if b == '%' && i+2 < len(text) {
			if decoded, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				b, i = decoded[0], i+2
			}
		}
		out = append(out, b)
	}
	return string(out)
}
