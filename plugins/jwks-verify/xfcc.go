package jwksverify

import (
	"encoding/hex"
	"errors"
	"strings"
)

// readXFCC reads Envoy's X-Forwarded-Client-Cert: key=value pairs between semicolons, values in quotes
// where they hold a delimiter. Of its keys only Cert (URL-encoded PEM) and Hash (hex SHA-256 of the DER)
// prove a certificate; where both stand, both must say the same. Several elements, one for each proxy on
// the way, are refused: which of them is the client's depends on the proxies.
func readXFCC(field string) (thumbprint, error) {
	var found []thumbprint
	seen := map[string]bool{}
	for rest := field; rest != ""; {
		key, value, after, err := cutPair(rest)
		if err != nil {
			return thumbprint{}, err
		}
		rest = after
		key = strings.ToLower(key)
		if key != "cert" && key != "hash" {
			continue
		}
		if seen[key] {
			return thumbprint{}, errSeveral
		}
		seen[key] = true
		certificate, err := readPair(key, value)
		if err != nil {
			return thumbprint{}, err
		}
		found = append(found, certificate)
	}
	switch {
	case len(found) == 0:
		return thumbprint{}, errNoCertificate
	case len(found) == 2 && found[0] != found[1]:
		return thumbprint{}, errors.New("has a Hash that is not that of its Cert")
	}
	return found[0], nil
}

var errSeveral = errors.New("holds several certificates")

func readPair(key, value string) (thumbprint, error) {
	if key == "cert" {
		return readEscapedPEM(value)
	}
	hash, err := hex.DecodeString(value)
	if err != nil || len(hash) != len(thumbprint{}) {
		return thumbprint{}, errNoCertificate
	}
	return thumbprint(hash), nil
}

// cutPair takes the first pair off, with the semicolon behind it.
func cutPair(text string) (key, value, rest string, err error) {
	key, text, found := strings.Cut(text, "=")
	if !found || strings.ContainsAny(key, `,;"`) {
		return "", "", "", errNoCertificate
	}
	if strings.HasPrefix(text, `"`) {
		value, rest, err = cutQuoted(text[1:])
	} else {
		end := strings.IndexAny(text, ",;")
		if end < 0 {
			end = len(text)
		}
		value, rest = text[:end], text[end:]
	}
	switch {
	case err != nil:
		return "", "", "", err
	case strings.HasPrefix(rest, ","):
		return "", "", "", errSeveral
	case rest != "" && rest[0] != ';':
		return "", "", "", errNoCertificate
	}
	return strings.Trim(key, " "), value, strings.TrimPrefix(rest, ";"), nil
}

// cutQuoted takes a quoted value off, past its opening quote. A backslash makes the next character plain.
func cutQuoted(text string) (value, rest string, err error) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return out.String(), text[i+1:], nil
		case '\\':
			i++
			if i == len(text) {
				return "", "", errNoCertificate
			}
		}
		out.WriteByte(text[i])
	}
	return "", "", errNoCertificate
}
