package jwksverify

import "strings"

// maxToken is the largest token in bytes. nginx takes 8 KiB for a header field unless told otherwise.
const maxToken = 16 << 10

// bearer finds the request's bearer token in its headers, by lower-case name (RFC 6750, section 2.1).
// It is the only way in: a token in the query or the body is not looked for.
func bearer(headers map[string][]string) (token string, r *refusal) {
	fields := headers["authorization"]
	if len(fields) == 0 {
		return "", &refusal{reasonNoToken, "there is no Authorization header"}
	}
	if len(fields) > 1 {
		return "", &refusal{reasonMalformed, "the Authorization header is repeated"}
	}
	scheme, rest, _ := strings.Cut(strings.Trim(fields[0], " \t"), " ")
	if !strings.EqualFold(scheme, "Bearer") { // RFC 9110, section 11.1: in any case
		return "", &refusal{reasonNoToken, "the Authorization header has another scheme"}
	}
	token = strings.TrimLeft(rest, " ")
	if len(token) > maxToken {
		return "", &refusal{reasonMalformed, "the token is too large"}
	}
	if !isToken68(token) {
		return "", &refusal{reasonMalformed, "the Authorization header is not one token"}
	}
	return token, nil
}

// isToken68 tells whether text is what RFC 6750 calls b64token: no space or comma, so one token only.
func isToken68(text string) bool {
	body := strings.TrimRight(text, "=")
	return body != "" && strings.IndexFunc(body, notToken68) < 0
}

func notToken68(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/", r)
}
