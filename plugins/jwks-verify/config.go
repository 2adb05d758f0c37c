package jwksverify

import (
	"fmt"
	"net/url"

	"tollgate/internal/schema"
)

// Config is one instance's configuration.
type Config struct {
	// Issuers are those whose tokens are taken; at least one.
	Issuers []Issuer `json:"issuers"`
	// LeewaySeconds is the clock skew allowed on exp and nbf: 0 to 300 s, default 10, zero is none.
	LeewaySeconds int `json:"leeway_seconds"`
	// InsecureHTTP allows key sets over plain http, where anyone on the way can replace the keys;
	// default false.
	InsecureHTTP bool `json:"insecure_http"`
	// ConsumerClaims names the claims that may hold a consumer's id or username, tried in order;
	// default client_id, empty looks no consumer up.
	ConsumerClaims []string `json:"consumer_claims"`
	// ConsumerRequired refuses a token for which no consumer is found; default false.
	ConsumerRequired bool `json:"consumer_required"`
}

// Issuer is one authorization server and what is taken from it.
type Issuer struct {
	// Issuer is the exact value of iss.
	Issuer string `json:"issuer"`
	// JWKSURI is the address of the issuer's key set, https unless insecure_http.
	JWKSURI string `json:"jwks_uri"`
	// Audiences are the values of aud of which a token must have one; at least one.
	Audiences []string `json:"audiences"`
	// Algorithms are the signature algorithms allowed; default RS256, PS256, ES256.
	Algorithms []string `json:"algorithms"`
}

// Validate reports what Kong's schema language cannot express.
func (c *Config) Validate() error {
	var problems schema.Problems
	seen := map[string]bool{}
	for i, issuer := range c.Issuers {
		path := fmt.Sprintf("issuers[%d]", i+1)
		if seen[issuer.Issuer] {
			problems.Add(schema.Join(path, "issuer"), "must be unique, "+printable(issuer.Issuer)+" stands above")
		}
		seen[issuer.Issuer] = true
		if rule := brokenURI(issuer.JWKSURI, c.InsecureHTTP); rule != "" {
			problems.Add(schema.Join(path, "jwks_uri"), rule)
		}
	}
	return problems.Err()
}

// brokenURI is the rule that a key set's address breaks, empty for none. It does not repeat the
// address: userinfo is a secret.
func brokenURI(address string, insecureHTTP bool) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return "must be an absolute URL"
	case u.Scheme == "http" && !insecureHTTP:
		return "must be https, or insecure_http must be set"
	case u.Scheme != "https" && u.Scheme != "http":
		return "must be an https URL"
	case u.User != nil:
		return "must not hold a user name or a password"
	case u.Fragment != "":
		return "must not have a fragment"
	}
	return ""
}
