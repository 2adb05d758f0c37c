package jwksverify

import (
	"net/url"
	"strings"
)

// brokenURI is the rule that an address breaks, empty for none. It does not repeat the address:
// userinfo is a secret.
func brokenURI(address string, insecureHTTP bool) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return "must be an absolute URL"
	case u.Scheme == "http" && !insecureHTTP:
		return "must be https, or insecure_http must be set"
	case u.Scheme != "https" && u.Scheme != "http":
		return "must be an https URL"
	case u.User != nil:
		return "must not hold a user name or a password"
	case strings.Contains(address, "#"):
		return "must not have a fragment"
	case strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }):
		return "must be written in the ASCII of URLs"
	}
	return ""
}

// brokenIssuer is the rule that an issuer breaks under which metadata is to be found (RFC 8414, section 2).
func brokenIssuer(issuer string, insecureHTTP bool) string {
	if strings.Contains(issuer, "?") {
		return "must not have a query"
	}
	return brokenURI(issuer, insecureHTTP)
}

// brokenProxy is the rule that a proxy's address breaks. It may hold a password, and is not repeated.
func brokenProxy(address string) string {
	if isReference(address) {
		return ""
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return "must be an absolute URL"
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" && u.Scheme != "socks5h":
		return "must be an http, https or socks5 URL"
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "must have no path, query or fragment"
	}
	return ""
}

// isReference tells whether a value is one that Kong replaces before a plugin sees it. It has not where a
// configuration is checked outside of Kong.
func isReference(value string) bool { return strings.HasPrefix(value, "{vault://") }
