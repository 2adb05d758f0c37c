package jwksverify

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// escaped reads the rest of a string that began at start and has its first backslash at pos.
func (r *jsonReader) escaped(start int) (string, error) {
	var out strings.Builder
	out.WriteString(r.text[start:r.pos])
	for r.pos < len(r.text) {
		b := r.text[r.pos]
		r.pos++
		switch {
		case b == '"':
			return out.String(), nil
		case b < ' ':
			return "", errNotJSON
		case b != '\\':
			out.WriteByte(b)
			continue
		}
		char, ok := r.escape()
		if !ok {
			return "", errNotJSON
		}
		out.WriteRune(char)
	}
	return "", errNotJSON
}

// escape reads what follows a backslash.
func (r *jsonReader) escape() (rune, bool) {
	if r.take('u') {
		return r.unicode()
	}
	if r.pos == len(r.text) {
		return 0, false
	}
	i := strings.IndexByte(`"\/bfnrt`, r.text[r.pos])
	if i < 0 {
		return 0, false
	}
	r.pos++
	return rune("\"\\/\b\f\n\r\t"[i]), true
}

// unicode reads what follows \u, a surrogate only with its other half (RFC 7493, section 2.1).
func (r *jsonReader) unicode() (rune, bool) {
	char, ok := r.hex4()
	if !ok || !utf16.IsSurrogate(char) {
		return char, ok
	}
	if !r.word(`\u`) {
		return 0, false
	}
	low, ok := r.hex4()
	char = utf16.DecodeRune(char, low)
	return char, ok && char != utf8.RuneError
}

func (r *jsonReader) hex4() (rune, bool) {
	if len(r.text)-r.pos < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(r.text[r.pos:r.pos+4], 16, 16)
	r.pos += 4
	return rune(n), err == nil
}
