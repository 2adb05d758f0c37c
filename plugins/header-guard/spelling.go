package headerguard

import "strings"

// mostDashes bounds the spellings of a header that the plugin removes: each is a call where it cannot look
// which ones came.
const mostDashes = 4

// spellings are all of a name, which Kong takes for one header and clears one by one.
func spellings(name string) []string {
	out := []string{""}
	for i := range len(name) {
		next := []string{name[i : i+1]}
		if dashed(name[i]) == '-' {
			next = []string{"-", "_"}
		}
		var longer []string
		for _, begun := range out {
			for _, c := range next {
				longer = append(longer, begun+c)
			}
		}
		out = longer
	}
	return out
}

// dashes are how many characters of a name have two spellings.
func dashes(name string) int { return strings.Count(name, "-") + strings.Count(name, "_") }

// meaningful tells whether a header, in lower case, has a meaning of its own for the gateway or an upstream: then
// no other may be made of it.
func meaningful(name string) bool {
	for _, known := range [...]string{
		"accept", "apikey", "authorization", "cookie", "date", "forwarded", "from", "host", "link", "origin", "pragma", "prefer",
		"priority", "range", "referer", "signature", "traceparent", "tracestate", "trailer", "upgrade", "user-agent", "via", "x-real-ip",
		"proxy-authorization",
	} {
		if sameHeader(name, known) {
			return true
		}
	}
	for _, prefix := range [...]string{"accept-", "access-control-", "cache-", "content-", "if-", "sec-", "x-forwarded-", "x-kong-"} {
		if hasHeaderPrefix(name, prefix) {
			return true
		}
	}
	return false
}
