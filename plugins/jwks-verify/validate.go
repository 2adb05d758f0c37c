package jwksverify

import (
	"fmt"
	"slices"
	"strings"

	"tollgate/internal/schema"
)

var _ schema.Validator = (*Config)(nil)

// Validate reports what Kong's schema language cannot express. What is absent it leaves to the schema.
func (c *Config) Validate() error {
	var p schema.Problems
	c.validateIssuers(&p)
	c.validateHeaders(&p)
	c.validateToken(&p)
	c.validateKeys(&p)
	c.validateIdentity(&p)
	c.validateAnswers(&p)
	return p.Err()
}

func (c *Config) validateIssuers(p *schema.Problems) {
	seen := map[string]bool{}
	for i := range c.Issuers {
		issuer, path := &c.Issuers[i], element("issuers", i)
		if seen[issuer.Issuer] {
			p.Add(schema.Join(path, "issuer"), "must be unique, "+printable(issuer.Issuer)+" stands above")
		}
		seen[issuer.Issuer] = true
		issuer.validate(p, path, c.InsecureHTTP)
	}
}

func (i *Issuer) validate(p *schema.Problems, path string, insecureHTTP bool) {
	if i.JWKSURI != "" {
		addProblem(p, schema.Join(path, "jwks_uri"), brokenURI(i.JWKSURI, insecureHTTP))
	} else if rule := brokenIssuer(i.Issuer, insecureHTTP); rule != "" && i.Issuer != "" {
		p.Add(schema.Join(path, "jwks_uri"), "is required, as metadata cannot be found under the issuer, which "+rule)
	}
	if i.InsecureAnyAudience && len(i.Audiences) > 0 {
		p.Add(schema.Join(path, "audiences"), "must be absent when insecure_any_audience is set, or that unset")
	}
	if i.Profile == profileRFC9068 && len(i.Typ) > 0 && !slices.ContainsFunc(i.Typ, isAccessTokenType) {
		p.Add(schema.Join(path, "typ"), "must hold at+jwt when profile is rfc9068")
	}
}

// validateHeaders keeps the headers that the plugin reads and writes apart from each other and from those
// that Kong sets.
func (c *Config) validateHeaders(p *schema.Problems) {
	uses := map[string]string{}
	use := func(path, name string) {
		key := headerKey(name)
		if first, double := uses[key]; double {
			p.Add(path, "must be another header than that of "+first)
			return
		}
		uses[key] = path
	}
	for i, name := range c.HeaderNames {
		path := element("header_names", i)
		if headerKey(name) != "authorization" && isGatewayHeader(name) {
			p.Add(path, "must not be a header of the gateway's own")
		}
		use(path, name)
	}
	if c.ClientCertHeader != "" {
		if headerKey(c.ClientCertHeader) != "x-forwarded-client-cert" && isGatewayHeader(c.ClientCertHeader) {
			p.Add("client_cert_header", "must not be a header of the gateway's own")
		}
		use("client_cert_header", c.ClientCertHeader)
	}
	for i, target := range c.ClaimsToHeaders {
		path := schema.Join(element("claims_to_headers", i), "header")
		if isGatewayHeader(target.Header) || isOthersHeader(target.Header) {
			p.Add(path, "must not be a header of the gateway's own")
		}
		use(path, target.Header)
	}
}

func (c *Config) validateToken(p *schema.Problems) {
	for i, required := range c.RequiredClaims {
		addProblem(p, schema.Join(element("required_claims", i), "claim"), brokenPath(required.Claim))
	}
	for i, scope := range c.RequiredScopes {
		if !isScopeToken(scope) {
			p.Add(element("required_scopes", i), "must be one scope: printable ASCII without space, quote and backslash")
		}
	}
	c.validatePeers(p)
}

// validatePeers refuses what would be thought to hold while nothing compares certificates.
func (c *Config) validatePeers(p *schema.Problems) {
	const off = "must be absent while sender_constraint is off: nothing would be compared"
	if c.SenderConstraint == constraintOff && c.ClientCertHeader != "" {
		p.Add("client_cert_header", off)
	}
	if c.SenderConstraint == constraintOff && len(c.TrustedPeers) > 0 {
		p.Add("trusted_peers", off)
	}
	for i, peer := range c.TrustedPeers {
		if _, err := readNetwork(peer); err != nil {
			p.Add(element("trusted_peers", i), err.Error())
		}
	}
}

func (c *Config) validateKeys(p *schema.Problems) {
	if c.JWKSMaxStaleSeconds < 2*c.JWKSRefreshSeconds {
		// Else one missed fetch, and the jitter of the next, would take the keys away.
		p.Add("jwks_max_stale_seconds", fmt.Sprintf("must be at least twice jwks_refresh_seconds, got %d and %d", c.JWKSMaxStaleSeconds, c.JWKSRefreshSeconds))
	}
	if c.JWKSProxy != "" {
		addProblem(p, "jwks_proxy", brokenProxy(c.JWKSProxy))
	}
	if c.JWKSCACertificates != "" {
		addProblem(p, "jwks_ca_certificates", brokenAuthorities(c.JWKSCACertificates))
	}
	switch certificate, key := c.JWKSClientCertificate, c.JWKSClientKey; {
	case (certificate == "") != (key == ""):
		p.Add("jwks_client_key", "must stand with jwks_client_certificate, each needs the other")
	case certificate != "":
		addProblem(p, "jwks_client_certificate", brokenPair(certificate, key))
	}
}

func (c *Config) validateIdentity(p *schema.Problems) {
	if c.ConsumerRequired && len(c.ConsumerClaims) == 0 {
		p.Add("consumer_claims", "must name a claim when consumer_required is set")
	}
	if c.ConsumerBy != byCustomID && len(c.CustomIDs) > 0 {
		p.Add("custom_ids", "must be absent unless consumer_by is custom_id")
	}
	for i, claim := range c.ConsumerClaims {
		addProblem(p, element("consumer_claims", i), brokenPath(claim))
	}
	addProblem(p, "userid_claim", brokenPath(c.UserIDClaim))
	addProblem(p, "groups_claim", brokenPath(c.GroupsClaim))
	seen := map[string]bool{}
	for i, id := range c.CustomIDs {
		if seen[id.CustomID] {
			p.Add(schema.Join(element("custom_ids", i), "custom_id"), "must be unique, it stands above")
		}
		seen[id.CustomID] = true
	}
	for i, target := range c.ClaimsToHeaders {
		addProblem(p, schema.Join(element("claims_to_headers", i), "claim"), brokenPath(target.Claim))
	}
}

func (c *Config) validateAnswers(p *schema.Problems) {
	if strings.ContainsFunc(c.Realm, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		p.Add("realm", "must be printable ASCII without quotes and backslashes")
	}
	if c.ResourceMetadata != "" && brokenURI(c.ResourceMetadata, false) != "" {
		p.Add("resource_metadata", "must be an https URL without user name and fragment")
	}
}

// element names an element of a list as Kong and the schema's messages count, from one.
func element(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i+1) }

func addProblem(p *schema.Problems, path, rule string) {
	if rule != "" {
		p.Add(path, rule)
	}
}
