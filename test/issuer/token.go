package issuer

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	defaultLifetime = time.Hour
	organization    = "7a1d9e40-2c3b-4d5e-8f60-718293a4b5c6"
)

// Token says what Mint is to put into a token. The zero value of a field is
// its default.
type Token struct {
	Client           string         // client_id, "demo"
	Subject          string         // sub, Client
	Audience         []string       // aud, Options.Audience
	AudienceAsString bool           // aud as a string rather than a list, where it is one
	Scope            string         // scope, absent
	Tier             string         // tier, absent
	Issuer           string         // iss, URL()
	ExpiresIn        time.Duration  // exp from now, one hour; negative for a token that has expired
	NotBefore        *time.Duration // nbf from now, absent
	KeyID            string         // kid: a published key signs, any other kid is only written into the header
	Type             string         // typ, JWT
	Claims           map[string]any // put over the others; nil takes a claim out
}

// Mint returns a signed token.
func (i *Issuer) Mint(t Token) (string, error) {
	signer := i.signer(t.KeyID)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, i.claims(t))
	token.Header["kid"] = cmp.Or(t.KeyID, signer.id)
	token.Header["typ"] = cmp.Or(t.Type, "JWT")
	signed, err := token.SignedString(signer.private)
	if err != nil {
		return "", fmt.Errorf("signing token: %w", err)
	}
	return signed, nil
}

func (i *Issuer) claims(t Token) jwt.MapClaims {
	now := i.options.Now()
	client := cmp.Or(t.Client, "demo")
	claims := jwt.MapClaims{
		"iss":       cmp.Or(t.Issuer, i.URL()),
		"aud":       i.audience(t),
		"client_id": client,
		"sub":       cmp.Or(t.Subject, client),
		"iat":       now.Unix(),
		"exp":       now.Add(cmp.Or(t.ExpiresIn, defaultLifetime)).Unix(),
		"jti":       rand.Text(),
		"env":       i.options.Environment,
		"org":       organization,
	}
	if t.Scope != "" {
		claims["scope"] = t.Scope
	}
	if t.Tier != "" {
		claims["tier"] = t.Tier
	}
	if t.NotBefore != nil {
		claims["nbf"] = now.Add(*t.NotBefore).Unix()
	}
	for name, value := range t.Claims {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	return claims
}

func (i *Issuer) audience(t Token) any {
	audience := t.Audience
	if audience == nil {
		audience = i.options.Audience
	}
	if t.AudienceAsString && len(audience) == 1 {
		return audience[0]
	}
	return audience
}
