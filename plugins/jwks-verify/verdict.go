package jwksverify

import (
	"strconv"
	"strings"
)

// reason is how a request fared, as the log, the metric and the access log name it. The client is
// not told.
type reason string

const (
	reasonOK              reason = "ok"
	reasonNoToken         reason = "no_token"
	reasonMalformed       reason = "malformed"
	reasonAlg             reason = "alg"
	reasonKidUnknown      reason = "kid_unknown"
	reasonSignature       reason = "signature"
	reasonIssuer          reason = "issuer"
	reasonAudience        reason = "audience"
	reasonExpired         reason = "expired"
	reasonNotYetValid     reason = "not_yet_valid"
	reasonScope           reason = "scope"
	reasonClaim           reason = "claim"
	reasonType            reason = "type"
	reasonBinding         reason = "binding"
	reasonKeysUnavailable reason = "keys_unavailable"
	reasonConsumer        reason = "consumer"
	// reasonAnonymous lets a request without a token pass, as that of the anonymous consumer.
	reasonAnonymous reason = "anonymous"
	// reasonGateway is that Kong did not tell what a request is judged by.
	reasonGateway reason = "gateway"
)

// verdict is what a request's token came to.
type verdict struct {
	reason reason
	// detail tells the operator more: fixed text, values of the configuration, times.
	detail string
	// at tells where the request is at fault.
	at fault
	// issuer is the index of the token's issuer in the configuration, or noIssuer.
	issuer int
	// kid is the token's, of any content up to maxKid bytes; empty where it has none.
	kid string
	// identity is what the claims say of the token's owner; nil unless its signature was verified.
	identity *identity
}

// verdict is what a token came to of which so much is known; r is nil for a good one.
func (p *proof) verdict(r *refusal) verdict {
	if r != nil {
		return verdict{reason: r.reason, detail: r.detail, issuer: p.issuer, kid: p.kid, identity: p.identity}
	}
	return verdict{reason: reasonOK, issuer: p.issuer, kid: p.kid, identity: p.identity}
}

// fault is the part of a request for which it is refused. Zero is the token, or what that allows.
type fault int

const (
	// inCredentials is how the token came, or several did.
	inCredentials fault = iota + 1
	// inHeaders is what came beside the token.
	inHeaders
	// inKeys is no part of it: the gateway has not looked for the token's key yet.
	inKeys
)

// noIssuer is the index of an issuer that is not configured, or not known yet.
const noIssuer = -1

// refusal is the error of a check that failed.
type refusal struct {
	reason reason
	detail string
}

func (r *refusal) Error() string { return string(r.reason) + ": " + r.detail }

// printable quotes text from outside for a log: one line of ASCII, bounded.
func printable(text string) string { return strconv.QuoteToASCII(bounded(text)) }

// printableDetail quotes what is made of the configuration, and of text from outside that is bounded already.
func printableDetail(text string) string {
	const longest = 1 << 10
	return strconv.QuoteToASCII(cut(text, longest))
}

// bounded cuts text from outside to a length fit for a log.
func bounded(text string) string {
	const longest = 120
	return cut(text, longest)
}

// cut cuts between characters.
func cut(text string, longest int) string {
	if len(text) > longest {
		return strings.ToValidUTF8(text[:longest], "")
	}
	return text
}
