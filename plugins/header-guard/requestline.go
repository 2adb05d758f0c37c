package headerguard

import "strings"

// requestLine is what the first line of a request says. Its zero value is one that is not known.
type requestLine struct {
	method string
	// path is without the query, otherwise as it came.
	path string
	// routed is the path as Kong's router compares it.
	routed string
}

// readRequestLine reads nginx's $request: GET /path?query HTTP/1.1.
func readRequestLine(text string) requestLine {
	method, rest, ok := strings.Cut(text, " ")
	if !ok || method == "" {
		return requestLine{}
	}
	target := strings.TrimLeft(rest, " ")
	if at := strings.LastIndex(target, " HTTP/"); at >= 0 {
		target = strings.TrimRight(target[:at], " ")
	}
	path := pathOf(target)
	return requestLine{method: method, path: path, routed: routedPath(path)}
}

// pathOf takes the query off a request's target, and the authority of an absolute one (RFC 9112, section 3.2).
func pathOf(target string) string {
	if at := strings.IndexByte(target, '?'); at >= 0 {
		target = target[:at]
	}
	if strings.HasPrefix(target, "/") {
		return target
	}
	_, rest, absolute := strings.Cut(target, "://")
	if !absolute {
		return target // * of OPTIONS
	}
	at := strings.IndexByte(rest, '/')
	if at < 0 {
		return "/"
	}
	return rest[at:]
}

// routedPath is the path as Kong's router compares it (kong/tools/uri.lua, normalize): without what is
// encoded needlessly, without dot segments (RFC 3986, section 6.2.2), and without empty segments.
func routedPath(path string) string {
	path = unescaped(path)
	if !strings.Contains(path, ".") && !strings.Contains(path, "//") {
		return path
	}
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		isLast := i == len(segments)-1
		switch {
		case segment == "..":
			kept = kept[:max(0, len(kept)-1)]
		case segment == "." || segment == "" && !isLast:
		default:
			kept = append(kept, segment)
			continue
		}
		if isLast { // a directory: it ends with a slash
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// reserved mean something else where they are not encoded (RFC 3986, section 2.2), and % itself.
const reserved = "!*'();:@&=+$,/?%#[]"

// unescaped decodes all octets but the reserved ones.
func unescaped(path string) string {
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if octet, ok := escapedOctet(path[i:]); ok {
			if strings.IndexByte(reserved, octet) < 0 {
				b.WriteByte(octet)
			} else {
				b.WriteString(strings.ToUpper(path[i : i+3]))
			}
			i += 2
			continue
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// hasBareOctet tells whether a % stands in a path that begins no encoded octet.
func hasBareOctet(path string) bool {
	for i := range len(path) {
		if _, ok := escapedOctet(path[i:]); path[i] == '%' && !ok {
			return true
		}
	}
	return false
}

// escapedOctet reads %XX at the start of a text.
func escapedOctet(text string) (octet byte, ok bool) {
	if len(text) < 3 || text[0] != '%' {
		return 0, false
	}
	high, low := hexDigit(text[1]), hexDigit(text[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c|lowerBit(c)) }

// lowerBit makes a letter lower case, and leaves a digit.
func lowerBit(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return 0x20
	}
	return 0
}
