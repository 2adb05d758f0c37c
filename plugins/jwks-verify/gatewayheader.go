package jwksverify

import (
	"slices"
	"strings"
)

// headerKey is the same for all spellings of a header that an upstream may take for one: any case, and
// underscores for dashes.
func headerKey(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// isOthersHeader tells whether a header, in any spelling, is one that Kong's tracing, debugging, rate limiting
// or key-auth reads or writes after this plugin: a claim there would be lost, or be taken for theirs. A token
// may come in one.
func isOthersHeader(name string) bool {
	key := headerKey(name)
	for _, prefix := range [...]string{"x-b3-", "x-ratelimit-", "ratelimit"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"apikey", "b3", "kong-debug", "traceparent", "tracestate"}, key)
}

// isGatewayHeader tells whether a header, in any spelling, is one that Kong, or this plugin by other means,
// sets on the request to the upstream, or that steers the connection: no claim belongs there, and no token
// or certificate comes in it.
func isGatewayHeader(name string) bool {
	key := headerKey(name)
	for _, prefix := range [...]string{"x-forwarded-", "x-kong-", "x-consumer-", "x-credential-", "x-authenticated-", "x-anonymous-consumer", "proxy-", "sec-", "content-"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"authorization", "connection", "cookie", "expect", "forwarded", "host", "keep-alive", "set-cookie", "te", "trailer",
		"transfer-encoding", "upgrade", "via", "x-real-ip", "x-request-id",
	}, key)
}
