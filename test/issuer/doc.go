// Package issuer is a demo issuer of access tokens that behaves like PingOne:
// an issuer URL of the form <base>/<environment>/as with discovery and key set
// below it, RS256 with a kid in every token, tokens of one hour, and keys that
// rotate while the old one stays published for a time.
//
// Anyone who reaches it gets any token. It is for tests and the sandbox.
//
//	GET  /<environment>/as/.well-known/openid-configuration
//	GET  /<environment>/as/jwks
//	GET  /token?client=…   or POST, also below the issuer; parameters:
//	     client, sub, aud (repeatable), aud_string=1, scope, tier, iss, kid, typ,
//	     expires_in and nbf in seconds from now, both may be negative
//	POST /rotate           signs with a new key; ?drop=1 withdraws the old ones
//	POST /misbehave?as=…   the key set and the metadata go wrong in one of Misbehaviours
//	POST /down, POST /up   every other answer is 503 in between
package issuer
