package jwksverify

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
)

// logMember is the outcome in Kong's access log. Of the token it holds its kid, and only what was verified
// besides; issuer is empty where it is not known.
func logMember(v verdict, issuer string) map[string]any {
	if v.identity == nil {
		return loggedKey(v.reason, issuer, v.kid)
	}
	if v.reason == reasonOK {
		return v.identity.logged
	}
	member := maps.Clone(v.identity.logged)
	member["reason"] = string(v.reason)
	return member
}

// loggedKey are the members that tell whose key it was.
func loggedKey(why reason, issuer, kid string) map[string]any {
	member := map[string]any{"reason": string(why)}
	if issuer != "" {
		member["issuer"] = issuer // whole, as configured: one that is cut is another one
	}
	put(member, "kid", asciiOf(kid))
	return member
}

// loggedIdentity tells besides who sent a verified token.
func loggedIdentity(logSub, issuer, kid string, c claims) map[string]any {
	member := loggedKey(reasonOK, issuer, kid)
	put(member, "client_id", c.text("client_id"))
	if sub := c.text("sub"); sub != "" {
		switch logSub {
		case logSubPlain:
			put(member, "sub", sub)
		case logSubHash:
			put(member, "sub", hashedSub(issuer, sub))
		}
	}
	return member
}

// hashedSub tells requests of one subject from those of others without telling who it is, unless one
// guesses. A sub is unique within its issuer only (RFC 7519, section 4.1.2), so that is hashed too, before
// it and a space, which no issuer has in it.
func hashedSub(issuer, sub string) string {
	const enough = 16 // bytes, for two subjects not to be taken for one
	sum := sha256.Sum256([]byte(issuer + " " + sub))
	return "sha256:" + hex.EncodeToString(sum[:enough])
}

func put(member map[string]any, name, value string) {
	if value != "" {
		member[name] = bounded(value)
	}
}

// asciiOf shows text from anybody in printable ASCII, escaped as in Go: a log may end up on a terminal.
func asciiOf(text string) string {
	quoted := printable(text)
	return quoted[1 : len(quoted)-1]
}
