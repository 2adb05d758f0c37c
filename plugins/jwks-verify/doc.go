// Package jwksverify is the plugin jwks-verify: it lets a request pass only with a bearer token, a JWT
// that one of the configured issuers signed for one of the configured audiences.
//
// # What is checked
//
// In this order, and the first failure names the reason:
//
//   - with refuse_query_token: no token in the query (RFC 6750, section 2.3);
//   - the request: headers that can all be read, a Connection that names none that this plugin sets; exactly
//     one bearer token, in one of header_names (RFC 6750, section 2.1);
//   - the token's form: three segments of strict base64url, the first two JSON objects without duplicate
//     members (RFC 8725, section 3; RFC 7519, section 4), no crit (RFC 7515, section 4.1.11);
//   - iss, exactly as configured; alg and typ, from that issuer's own lists;
//   - the signature, by a key of that issuer's own key set, chosen by kid and fit for alg. Keys or
//     addresses of keys in the token (jwk, jku, x5c, x5u) are never looked at;
//   - aud, any of those configured; the form of exp, which is required, nbf and iat: JSON numbers in range;
//   - the claims of the profile, and required_claims;
//   - cnf: a token bound to a certificate (RFC 8705) is compared with the client's, or refused; one bound to
//     another key is refused, as it is no bearer token (RFC 9449, section 7.2);
//   - exp, nbf, iat and max_age_seconds, against the clock; required_scopes.
//
// Explain shows the same for one token, by the same code.
//
// # Keys
//
// One key set for each source, an address with its TLS settings, lives in the process, shared by all workers,
// routes and reloads. It is fetched in the background and renewed every jwks_refresh_seconds. An answer that is
// no key set, or holds no usable key, never replaces a good set; an unusable key is skipped. A kid that the set
// lacks causes at most one fetch in five seconds, for which the request waits jwks_wait_ms at most. Such a token is
// refused with 401 only where a fetch that took off to look for its kid came back without it. Until then, and while
// the issuer's set cannot be fetched, it is refused with 503: nobody can say that its key does not exist.
//
// # Identity
//
// The first of consumer_claims that names a consumer, in the way that consumer_by says, authenticates it. The
// issuers of one configuration share the consumers. The credential is the token's client_id, else its sub; its
// consumer_id is the nil UUID where there is no consumer, since Kong would make "" of none, on which acl fails.
// Without a token, anonymous names the consumer, and there is no credential.
//
// X-Consumer-*, X-Credential-*, X-Authenticated-*, X-Anonymous-Consumer and the targets of claims_to_headers
// are removed from the client's request in every spelling, and a request whose Connection names one of them is
// refused, because Kong would then remove ours. Values of claims are percent-encoded where a header cannot
// hold them, and left out where they are too long.
//
// kong.ctx.shared has for later plugins: authenticated_groups, the list of strings that acl reads where its
// always_use_authenticated_groups is set, and tollgate_claims, the shared_claims that the token has.
//
// # Answers
//
// Each reason has one fixed answer, with a challenge of RFC 6750, section 3, where another token would help:
// see newAnswers. The client never learns what was expected, the log does; the log never learns the token. Kong's error
// log is told of each refusal but one: nginx appends the request's first line to every line, so that of a request
// whose query holds a token nothing is written there, if refuse_query_token is set, and the access log has REDACTED in
// place of the query. Without that option, any line that Kong writes about such a request shows it.
package jwksverify
