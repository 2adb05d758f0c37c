package jwksverify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxKid is the longest kid in bytes that is looked for.
const maxKid = 256

// policy is what a token is judged by. It does not change.
type policy struct {
	issuers []Issuer
	leeway  time.Duration
	parser  *jwt.Parser
}

func newPolicy(c *Config) *policy {
	return &policy{
		issuers: c.Issuers,
		leeway:  time.Duration(c.LeewaySeconds) * time.Second,
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms()),
			jwt.WithStrictDecoding(),
			jwt.WithJSONNumber(),
			jwt.WithoutClaimsValidation(), // golang-jwt takes an nbf of 1e19 and several dates that are none
		),
	}
}

// verify judges a token. keys holds the issuers' key sets in the order of the configuration, nil where
// there is none yet.
func (p *policy) verify(raw string, keys []*keySet, now time.Time) verdict {
	v := verdict{issuer: noIssuer, reason: reasonOK}
	c, r := p.authentic(raw, keys, &v)
	if r == nil {
		r = c.check(&p.issuers[v.issuer], p.leeway, now)
	}
	if r != nil {
		v.reason, v.detail = r.reason, r.detail
		return v
	}
	v.claims = c
	return v
}

// authentic returns the claims of a token that its issuer signed. It notes in v what it learns of the
// token on the way.
func (p *policy) authentic(raw string, keys []*keySet, v *verdict) (claims, *refusal) {
	if err := checkSegments(raw); err != nil {
		return nil, &refusal{reasonMalformed, err.Error()}
	}
	c := jwt.MapClaims{}
	readable := false // golang-jwt has one error for methods that it does not allow and for signatures
	_, err := p.parser.ParseWithClaims(raw, c, func(t *jwt.Token) (any, error) {
		readable = true
		return p.key(t, claims(c), keys, v)
	})
	var r *refusal
	switch {
	case err == nil:
		return claims(c), nil
	case errors.As(err, &r):
		return nil, r
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, &refusal{reasonMalformed, "the token is not a JWT"}
	case !readable:
		return nil, &refusal{reasonAlg, "the algorithm is not an asymmetric one"}
	}
	return nil, &refusal{reasonSignature, "the signature does not fit"}
}

// key chooses the key that a token must be signed by. Everything in the token is still unproven.
func (p *policy) key(t *jwt.Token, c claims, keys []*keySet, v *verdict) (any, error) {
	kid, err := checkHeader(t.Header)
	if err != nil {
		return nil, err
	}
	v.kid = kid
	v.issuer = slices.IndexFunc(p.issuers, func(i Issuer) bool { return i.Issuer == c.text("iss") })
	if v.issuer == noIssuer {
		return nil, &refusal{reasonIssuer, "iss is " + printable(c.text("iss"))}
	}
	if allowed := p.issuers[v.issuer].Algorithms; !slices.Contains(allowed, t.Method.Alg()) {
		return nil, &refusal{reasonAlg, fmt.Sprintf("%s is none of %q", t.Method.Alg(), allowed)}
	}
	if keys[v.issuer] == nil {
		return nil, &refusal{reasonKeysUnavailable, "the issuer's key set could not be fetched yet"}
	}
	return keys[v.issuer].key(t, kid)
}

// checkHeader checks a JOSE header's members and returns its kid. Those that carry or point to keys
// are left alone: keys come from the configuration (RFC 8725, section 3.10).
func checkHeader(header map[string]any) (kid string, err error) {
	if _, present := header["crit"]; present {
		// RFC 7515, section 4.1.11: an extension that is not understood makes the token invalid.
		return "", &refusal{reasonMalformed, "crit names extensions that are not understood"}
	}
	if !isTokenType(header["typ"]) {
		return "", &refusal{reasonType, "typ is not that of an access token"}
	}
	value, present := header["kid"]
	if !present {
		return "", nil
	}
	kid, ok := value.(string)
	if !ok || kid == "" || len(kid) > maxKid {
		return "", &refusal{reasonMalformed, "kid is not a string of 1 to 256 bytes"}
	}
	return kid, nil
}

// isTokenType tells whether typ is one of an access token, so that an ID token of another kind or a
// logout token is none (RFC 8725, section 3.11). JWT and none at all are taken because PingOne sends
// at+jwt only from March 2027 on.
func isTokenType(typ any) bool {
	if typ == nil {
		return true
	}
	name, _ := typ.(string)
	switch strings.ToLower(name) { // media types have no case
	case "jwt", "at+jwt", "application/at+jwt":
		return true
	}
	return false
}
