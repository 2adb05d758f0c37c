package nginx

import (
	"fmt"
	"strconv"
	"strings"
)

const reserved = "!*'();:@&=+$,/?%#[]"

// NormalizePath is kong.tools.uri's normalize with slashes merged: escapes of
// characters that are not reserved are decoded, dot segments removed.
func NormalizePath(path string) string {
	if path == "" || path == "/" {
		return path
	}
	return removeDots(decodeEscapes(path, func(c byte) bool { return strings.IndexByte(reserved, c) < 0 }))
}

// DecodePath is $uri: nginx's own reading of a path, with all escapes decoded.
func DecodePath(path string) string {
	return removeDots(decodeEscapes(path, func(byte) bool { return true }))
}

// removeDots resolves dot segments and merges slashes.
func removeDots(path string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
			if last {
				kept = append(kept, "")
			}
		case ".", "":
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// decodeEscapes decodes the %-sequences that decode allows and writes the
// others in upper case.
func decodeEscapes(s string, decode func(byte) bool) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, ok := escape(s[i:])
		switch {
		case !ok:
			b.WriteByte(s[i])
		case decode(c):
			b.WriteByte(c)
			i += 2
		default:
			b.WriteString(strings.ToUpper(s[i : i+3]))
			i += 2
		}
	}
	return b.String()
}

func escape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}

// EscapePath is kong.tools.uri's escape: what may stand in a request line
// stays, a percent sign included; the rest is percent-encoded.
func EscapePath(path string) string {
	const plain = "!#$&'()*+,/:;=?@[]-_.~%"
	var b strings.Builder
	for _, c := range []byte(path) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
