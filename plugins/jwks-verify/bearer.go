package jwksverify

import (
	"slices"
	"strings"

	"tollgate/internal/httpheader"
)

// maxToken is the largest token in bytes. nginx takes 8 KiB for a header field unless told otherwise.
const maxToken = 16 << 10

// sources are the headers in which a request's token may come.
type sources []source

// source is one header.
type source struct {
	// name is in lower case, with dashes; configured is as it was configured.
	name, configured string
	// spelled tells that the name has a dash: a client may write an underscore there, and many an upstream
	// takes both for the same header.
	spelled bool
	// schemed tells that the token must follow the scheme Bearer.
	schemed bool
}

func newSources(headerNames []string) sources {
	out := make(sources, len(headerNames))
	for i, name := range headerNames {
		key := headerKey(name)
		out[i] = source{name: key, configured: name, spelled: strings.Contains(key, "-"), schemed: key == "authorization"}
	}
	return out
}

// bearer finds the request's one bearer token in its headers, by lower-case name (RFC 6750, section 2.1),
// and the name, as it came, of the header that it stands in. A token in the query or the body is not
// looked for.
func (s sources) bearer(headers httpheader.List) (token, header string, r *refusal) {
	for i := range s {
		name, fields := s[i].find(headers)
		if len(fields) > 1 {
			return "", "", &refusal{reasonMalformed, "the header " + s[i].configured + " is repeated"}
		}
		if len(fields) == 0 {
			continue
		}
		found, r := s[i].token(fields[0])
		switch {
		case r != nil:
			return "", "", r
		case found != "" && token != "":
			return "", "", &refusal{reasonMalformed, "there are tokens in several headers"}
		case found != "":
			token, header = found, name
		}
	}
	if token == "" {
		return "", "", &refusal{reasonNoToken, "no " + s.names() + " header holds a bearer token"}
	}
	return token, header, nil
}

// shown are the headers of a request, by name as it came, in which a token may stand that Kong's log plugins
// would show: of headers that a token may come in, Kong redacts Authorization alone (kong/pdk/log.lua).
func (s sources) shown(headers httpheader.List) []string {
	var out []string
	for i := range s {
		if s[i].schemed {
			continue
		}
		for j := range headers {
			if name := headers[j].Name; headerKey(name) == s[i].name {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (s sources) names() string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].configured
	}
	return strings.Join(names, " or ")
}

// find collects the fields of a header in all its spellings; of several, name is any.
func (s source) find(headers httpheader.List) (name string, fields []string) {
	if !s.spelled {
		return s.name, headers.Lines(s.name)
	}
	for i := range headers {
		if spelling := headers[i].Name; len(spelling) == len(s.name) && headerKey(spelling) == s.name {
			name, fields = spelling, append(fields, headers[i].Lines...)
		}
	}
	return name, fields
}

// token reads a field, and finds none where it is blank or has another scheme: a load balancer may blank
// out what it is to remove.
func (s source) token(field string) (string, *refusal) {
	rest := strings.Trim(field, " \t")
	scheme, after := cutScheme(rest)
	switch bearer := strings.EqualFold(scheme, "Bearer"); { // RFC 9110, section 11.1: in any case
	case rest == "":
		return "", nil
	case s.schemed && scheme == "":
		// Such as /abc, which a token may begin with and no scheme: it is no other scheme, and not ours.
		return "", &refusal{reasonMalformed, "the header " + s.configured + " does not begin with a scheme"}
	case s.schemed && !bearer:
		return "", nil
	case bearer && after != "" && after[0] != ' ':
		// RFC 9110, section 11.4: spaces follow a scheme. With a tab or a comma this is no other scheme:
		// whoever reads the field more kindly finds a token in it.
		return "", &refusal{reasonMalformed, "the header " + s.configured + " has no space behind Bearer"}
	case bearer:
		rest = strings.TrimLeft(after, " ")
	}
	if len(rest) > maxToken {
		return "", &refusal{reasonMalformed, "the token is too large"}
	}
	if !isToken68(rest) {
		return "", &refusal{reasonMalformed, "the header " + s.configured + " is not one token"}
	}
	return rest, nil
}

// cutScheme takes off what can be an authentication scheme, a token of RFC 9110, section 5.6.2.
func cutScheme(text string) (scheme, after string) {
	end := 0
	for end < len(text) && inScheme(text[end]) {
		end++
	}
	return text[:end], text[end:]
}

func inScheme(b byte) bool {
	return isAlphanumeric(b) || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}

// isToken68 tells whether text is what RFC 6750 calls b64token: no space or comma, so one token only.
func isToken68(text string) bool {
	body := strings.TrimRight(text, "=")
	for i := range len(body) {
		if !inToken68(body[i]) {
			return false
		}
	}
	return body != ""
}

// inToken68 looks its answer up in two words, a bit for each byte below 128: each byte of each token comes here.
func inToken68(b byte) bool {
	const (
		half    = 64
		digits  = (1<<10 - 1) << '0'
		letters = (1<<26 - 1) << ('A' - half)
		below   = digits | 1<<'+' | 1<<'-' | 1<<'.' | 1<<'/'
		above   = letters | letters<<('a'-'A') | 1<<('_'-half) | 1<<('~'-half)
	)
	word := uint64(below)
	if b >= half {
		word = above
	}
	return b < 2*half && word>>(b%half)&1 != 0
}

func isAlphanumeric(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	}
	return false
}
