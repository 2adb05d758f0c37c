package jwksverify

// Config is one instance's configuration. Schema holds its defaults and bounds.
type Config struct {
	// Issuers are those whose tokens are taken; at least one.
	Issuers []Issuer `json:"issuers"`

	// HeaderNames are the headers in which a token may come; default Authorization, at least one.
	HeaderNames []string `json:"header_names"`
	// RefuseQueryToken refuses requests whose query holds access_token, for one call to Kong more; default
	// false.
	RefuseQueryToken bool `json:"refuse_query_token"`
	// LeewaySeconds is the clock skew allowed on exp, nbf and iat: 0 to 300 s, default 10, zero is none.
	LeewaySeconds int `json:"leeway_seconds"`
	// MaxAgeSeconds is the most that may have passed since iat, whatever exp says: from 1 s, zero (absent)
	// is no bound.
	MaxAgeSeconds int `json:"max_age_seconds"`
	// RequiredClaims are all to be found in a token; default none.
	RequiredClaims []RequiredClaim `json:"required_claims"`
	// RequiredScopes are those that a token must have, all or any by RequiredScopesMatch; default none.
	RequiredScopes []string `json:"required_scopes"`
	// RequiredScopesMatch is all (default) or any.
	RequiredScopesMatch string `json:"required_scopes_match"`
	// SenderConstraint says what becomes of tokens bound to a client certificate: off (default) refuses
	// them, since nobody compares; optional compares; required compares, and refuses those not bound.
	SenderConstraint string `json:"sender_constraint"`
	// ClientCertHeader is the header in which the load balancer passes the client's certificate.
	ClientCertHeader string `json:"client_cert_header"`
	// TrustedPeers are the addresses and networks of the load balancers whose ClientCertHeader is believed.
	TrustedPeers []string `json:"trusted_peers"`

	// JWKSRefreshSeconds is how long keys are used before they are fetched again: 10 to 86,400 s, default
	// 300.
	JWKSRefreshSeconds int `json:"jwks_refresh_seconds"`
	// JWKSMaxStaleSeconds is how long after the last good fetch keys are used at all: 60 to 2,592,000 s,
	// default 86,400, at least twice JWKSRefreshSeconds.
	JWKSMaxStaleSeconds int `json:"jwks_max_stale_seconds"`
	// JWKSWaitMS is the most that a request waits for keys: 0 to 10,000 ms, default 500, zero is not at all.
	JWKSWaitMS int `json:"jwks_wait_ms"`
	// JWKSTimeoutMS bounds one fetch: 100 to 60,000 ms, default 5000.
	JWKSTimeoutMS int `json:"jwks_timeout_ms"`
	// InsecureHTTP allows key sets over plain http, where anyone on the way can replace the keys;
	// default false.
	InsecureHTTP bool `json:"insecure_http"`
	// JWKSCACertificates are the authorities, in PEM, that key sets' servers are to be certified by; empty
	// (absent) means the system's.
	JWKSCACertificates string `json:"jwks_ca_certificates"`
	// JWKSClientCertificate and JWKSClientKey, in PEM, identify the gateway to key sets' servers; both or
	// neither.
	JWKSClientCertificate string `json:"jwks_client_certificate"`
	JWKSClientKey         string `json:"jwks_client_key"`
	// JWKSProxy is the URL of the proxy to key sets; empty (absent) means the process's HTTPS_PROXY and
	// NO_PROXY.
	JWKSProxy string `json:"jwks_proxy"`

	// TokenCacheSeconds is how long a verified token is remembered, at most until it expires: 0 to
	// 86,400 s, default 300, zero is not at all.
	TokenCacheSeconds int `json:"token_cache_seconds"`

	// ConsumerClaims name the claims that may name a consumer, tried in order; default client_id, empty
	// looks no consumer up.
	ConsumerClaims []string `json:"consumer_claims"`
	// ConsumerBy is what they name it by: username (default), id or custom_id.
	ConsumerBy string `json:"consumer_by"`
	// CustomIDs tell which consumer has which custom_id, for ConsumerBy custom_id.
	CustomIDs []CustomID `json:"custom_ids"`
	// ConsumerRequired refuses a token for which no consumer is found; default false.
	ConsumerRequired bool `json:"consumer_required"`
	// Anonymous is the username or id of the consumer of requests without a token; empty (absent) refuses
	// those.
	Anonymous string `json:"anonymous"`
	// UserIDClaim is the claim that X-Authenticated-Userid shows; default sub, empty is none.
	UserIDClaim string `json:"userid_claim"`
	// GroupsClaim is the claim whose values are the groups that acl looks at; empty (absent) is none.
	GroupsClaim string `json:"groups_claim"`
	// ClaimsToHeaders are claims that the upstream gets as headers; default none.
	ClaimsToHeaders []ClaimHeader `json:"claims_to_headers"`
	// SharedClaims are the top-level claims put into kong.ctx.shared.tollgate_claims; default none.
	SharedClaims []string `json:"shared_claims"`
	// HideCredentials keeps the token from the upstream; default false.
	HideCredentials bool `json:"hide_credentials"`

	// Realm names the protection space in challenges; default kong.
	Realm string `json:"realm"`
	// ResourceMetadata is the URL of the resource's metadata (RFC 9728), named in challenges; empty
	// (absent) is none.
	ResourceMetadata string `json:"resource_metadata"`
	// LogSub is how the access log shows sub: plain, hash (default) or none.
	LogSub string `json:"log_sub"`
}

// Issuer is one authorization server and what is taken from it.
type Issuer struct {
	// Issuer is the exact value of iss.
	Issuer string `json:"issuer"`
	// JWKSURI is the address of the issuer's key set, https unless insecure_http; empty (absent) finds it
	// in the issuer's metadata.
	JWKSURI string `json:"jwks_uri"`
	// Audiences are the values of aud of which a token must have one; at least one unless
	// InsecureAnyAudience.
	Audiences []string `json:"audiences"`
	// InsecureAnyAudience takes tokens that were issued for any other resource; default false.
	InsecureAnyAudience bool `json:"insecure_any_audience"`
	// Algorithms are the signature algorithms allowed; default RS256, PS256, ES256.
	Algorithms []string `json:"algorithms"`
	// Typ are the values of typ allowed, absent standing for none; default JWT, at+jwt,
	// application/at+jwt, absent.
	Typ []string `json:"typ"`
	// Profile is none (default) or rfc9068, which demands that RFC's typ and claims.
	Profile string `json:"profile"`
}

// RequiredClaim is a claim that a token must have.
type RequiredClaim struct {
	// Claim is its dotted path.
	Claim string `json:"claim"`
	// Values are those of which it must have one; empty (absent) takes any but null.
	Values []string `json:"values"`
}

// CustomID says which consumer has a custom_id, as Kong's PDK cannot look one up.
type CustomID struct {
	CustomID string `json:"custom_id"`
	// Consumer is the consumer's username or id.
	Consumer string `json:"consumer"`
}

// ClaimHeader is a claim that the upstream gets as a header.
type ClaimHeader struct {
	// Claim is its dotted path.
	Claim string `json:"claim"`
	// Header is the header's name.
	Header string `json:"header"`
}

// The values of the fields that choose.
const (
	profileNone    = "none"
	profileRFC9068 = "rfc9068"

	matchAll = "all"
	matchAny = "any"

	constraintOff      = "off"
	constraintOptional = "optional"
	constraintRequired = "required"

	byUsername = "username"
	byID       = "id"
	byCustomID = "custom_id"

	logSubHash  = "hash"
	logSubPlain = "plain"
	logSubNone  = "none"
)
