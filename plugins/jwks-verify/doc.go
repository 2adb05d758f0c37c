// Package jwksverify is the plugin jwks-verify: it lets a request pass only with a bearer token, a JWT
// that one of the configured issuers signed for one of the configured audiences.
//
// # What is checked
//
// In this order, and the first failure names the reason:
//
//   - the request: headers that can all be read, a Connection that names none that tells identity;
//     exactly one Authorization header field with the scheme Bearer (RFC 6750, section 2.1);
//   - the token's form: three segments of strict base64url, the first two JSON objects without duplicate
//     members (RFC 8725, section 3; RFC 7519, section 4), no crit (RFC 7515, section 4.1.11), a typ that
//     an access token may have;
//   - iss, exactly as configured; alg, from that issuer's own list;
//   - the signature, by a key of that issuer's own key set, chosen by kid and fit for alg. Keys or
//     addresses of keys in the token (jwk, jku, x5c, x5u) are never looked at;
//   - cnf: a token bound to a key is no bearer token, and proof of possession is not read yet;
//   - aud, any of those configured; exp, required; nbf; NumericDates are JSON numbers in range.
//
// # Keys
//
// One key set for each jwks_uri lives in the process, shared by all workers, routes and reloads. It is
// fetched in the background and renewed every five minutes. An answer that is no key set, or holds no
// usable key, never replaces a good set; an unusable key is skipped. A kid that the set lacks causes at
// most one fetch in five seconds, for which the request waits half a second at most.
//
// # Identity
//
// The first of consumer_claims whose value is the id or the username of a consumer authenticates that
// consumer. The issuers of one configuration share the consumers. The credential is the token's
// client_id, else its sub. X-Consumer-*, X-Credential-*, X-Authenticated-* and X-Anonymous-Consumer from
// the client are removed in every spelling, and a request whose Connection names one of them is refused,
// because Kong would then remove ours. The verified claims stand in kong.ctx.shared.tollgate_claims for
// plugins that run later.
package jwksverify
