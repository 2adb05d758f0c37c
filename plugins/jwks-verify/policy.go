package jwksverify

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// policy is what a token is judged by: one compiled configuration. It does not change.
type policy struct {
	issuers      []issuerPolicy
	clock        clock
	requirements []requirement
	scopes       scopeRule
	constraint   string
	certificates certificates
	// digest tells configurations apart, so that what one has proven does not count for another.
	digest [sha256.Size]byte
}

// issuerPolicy is what is taken from one issuer.
type issuerPolicy struct {
	issuer      string
	audiences   []string
	anyAudience bool
	algorithms  []string
	types       []string // full media types, and typAbsent
	rfc9068     bool
}

// newPolicy compiles a configuration that is valid.
func newPolicy(c *Config) *policy {
	p := &policy{
		clock: clock{
			leeway: time.Duration(c.LeewaySeconds) * time.Second,
			maxAge: time.Duration(c.MaxAgeSeconds) * time.Second,
		},
		requirements: newRequirements(c.RequiredClaims),
		scopes:       scopeRule{c.RequiredScopes, c.RequiredScopesMatch == matchAny},
		constraint:   c.SenderConstraint,
		certificates: newCertificates(c.ClientCertHeader, c.TrustedPeers),
		digest:       digestOf(c),
	}
	for _, issuer := range c.Issuers {
		p.issuers = append(p.issuers, newIssuerPolicy(issuer))
	}
	return p
}

func newIssuerPolicy(i Issuer) issuerPolicy {
	p := issuerPolicy{
		issuer: i.Issuer, audiences: i.Audiences, anyAudience: i.InsecureAnyAudience,
		algorithms: i.Algorithms, rfc9068: i.Profile == profileRFC9068,
	}
	for _, typ := range i.Typ {
		if typ != typAbsent {
			typ = mediaType(typ)
		}
		p.types = append(p.types, typ)
	}
	if p.rfc9068 { // RFC 9068, section 4: a resource server takes no other type
		p.types = []string{accessTokenType}
	}
	return p
}

func newCertificates(header string, trustedPeers []string) certificates {
	c := certificates{header: strings.ToLower(header)}
	for _, peer := range trustedPeers {
		if network, err := readNetwork(peer); err == nil { // Validate has refused others
			c.trusted = append(c.trusted, network)
		}
	}
	return c
}

// digestOf covers the whole configuration: a digest of less would be wrong the day a field is added.
func digestOf(c *Config) [sha256.Size]byte {
	data, err := json.Marshal(c)
	if err != nil {
		panic("jwksverify: a configuration does not marshal: " + err.Error())
	}
	return sha256.Sum256(data)
}

// names are the issuers, as configured.
func (p *policy) names() []string {
	out := make([]string, len(p.issuers))
	for i := range p.issuers {
		out[i] = p.issuers[i].issuer
	}
	return out
}

// issuerOf finds the issuer of a token that says who that is, noIssuer for one that is not configured.
func (p *policy) issuerOf(iss string) int {
	return slices.IndexFunc(p.issuers, func(i issuerPolicy) bool { return i.issuer == iss })
}
