package jwksverify

import (
	"slices"
	"strings"
)

// maxKid is the longest kid in bytes that is looked for.
const maxKid = 256

// joseHeader is what counts of a token's header. It is unproven until the signature is. Members that
// carry or point to keys (jwk, jku, x5c, x5u) are left alone: keys come from the configuration (RFC 8725,
// section 3.10).
type joseHeader struct {
	alg string
	// kid is empty where there is none.
	kid string
	// typ is a full media type, or typAbsent.
	typ string
}

func readJOSEHeader(members map[string]any) (joseHeader, *refusal) {
	for _, name := range [...]string{"crit", "b64"} {
		if _, present := members[name]; present {
			// RFC 7515, section 4.1.11: an extension that is not understood makes the token invalid. b64
			// (RFC 7797) is one, that must stand in crit and may not.
			return joseHeader{}, &refusal{reasonMalformed, name + " names an extension that is not understood"}
		}
	}
	h := joseHeader{typ: typAbsent}
	named, _ := members["alg"].(string)
	known := slices.Index(algorithms(), named)
	if known < 0 {
		return joseHeader{}, &refusal{reasonAlg, "the algorithm is not an asymmetric one that we know"}
	}
	// What is remembered of a token must not hold on to the text of its header, which may be long.
	h.alg = algorithms()[known]
	if value, present := members["kid"]; present {
		kid, ok := value.(string)
		if !ok || kid == "" || len(kid) > maxKid {
			return joseHeader{}, &refusal{reasonMalformed, "kid is not a string of 1 to 256 bytes"}
		}
		h.kid = strings.Clone(kid)
	}
	if value, present := members["typ"]; present {
		typ, ok := value.(string)
		if !ok || len(typ) > maxType {
			return joseHeader{}, &refusal{reasonType, "typ is not a string of at most 64 bytes"}
		}
		h.typ = mediaType(typ)
	}
	return h, nil
}

const (
	// typAbsent stands for a token without typ. No media type is like it: each has a slash.
	typAbsent = "absent"
	// accessTokenType is the typ of RFC 9068.
	accessTokenType = "application/at+jwt"
	maxType         = 64
)

// mediaType is the full media type of a typ, which has no case and may leave "application/" out (RFC 7515,
// section 4.1.9).
func mediaType(typ string) string {
	typ = strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' { // no more: other letters have lower cases in ASCII
			return r - 'A' + 'a'
		}
		return r
	}, typ)
	if !strings.Contains(typ, "/") {
		return "application/" + typ
	}
	return typ
}

func isAccessTokenType(typ string) bool { return mediaType(typ) == accessTokenType }
