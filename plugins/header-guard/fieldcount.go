package headerguard

import "strings"

// usualCount is how many lines of a header may come where a rule does not say: one, or zero for any number
// where the header is a list by its definition (RFC 9110, section 5.3), or a cookie, which HTTP/2 may split
// (RFC 9113, section 8.2.3). Of a second line nobody knows whether the upstream reads it or the first.
func usualCount(name string) int {
	switch strings.ReplaceAll(name, "_", "-") {
	case "accept", "accept-charset", "accept-encoding", "accept-language", "accept-signature", "allow", "baggage", "cache-control",
		"cdn-loop", "content-digest", "content-encoding", "content-language", "cookie", "forwarded", "if-match", "if-none-match",
		"link", "pragma", "prefer", "priority", "repr-digest", "sec-websocket-extensions", "sec-websocket-protocol", "signature",
		"signature-input", "tracestate", "trailer", "upgrade", "via", "want-content-digest", "want-repr-digest", "warning", "x-forwarded-for":
		return 0
	}
	return 1
}

// removedByKong tells whether Kong, or nginx below it, takes a header off each request before it goes on: a
// rule for it would say nothing of what the upstream gets (kong/runloop/handler.lua, access.after;
// ngx_http_proxy_headers).
func removedByKong(name string) bool {
	switch name {
	case "connection", "expect", "keep-alive", "proxy", "proxy-connection", "te", "transfer-encoding":
		return true
	}
	return false
}
