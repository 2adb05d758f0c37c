package jwksverify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"
)

// keySource says where an issuer's keys come from, and how.
type keySource struct {
	// issuer is the exact value of iss, under which the keys are found where uri is empty.
	issuer string
	// uri is the address of the key set; empty for the one that the issuer's metadata names.
	uri string
	// refresh is the longest time between two fetches. This and the next three are one lease's, and do
	// not make it another source.
	refresh time.Duration
	// maxStale is how long keys are used after the last fetch that went well; more than refresh.
	maxStale time.Duration
	// wait is how long a request waits for keys that are being fetched.
	wait time.Duration
	// timeout bounds one fetch from the first packet to the last, discovery included.
	timeout time.Duration
	// insecureHTTP allows plain http, where anyone on the way can replace the keys.
	insecureHTTP bool
	// caCertificates (PEM) are trusted in place of the system's, unless empty.
	caCertificates string
	// clientCertificate and clientKey (PEM) are shown to the server; both or neither.
	clientCertificate, clientKey string
	// proxy is a URL, with userinfo where it asks for that; empty for the environment's.
	proxy string
}

// withoutReferences is the source without what Kong has not replaced.
func (s keySource) withoutReferences() keySource {
	if isReference(s.caCertificates) {
		s.caCertificates = ""
	}
	if isReference(s.clientCertificate) || isReference(s.clientKey) {
		s.clientCertificate, s.clientKey = "", "" // each needs the other
	}
	if isReference(s.proxy) {
		s.proxy = ""
	}
	return s
}

// terms are what a lease of the source asks of its fetches.
func (s keySource) terms() terms { return terms{s.refresh, s.maxStale, s.timeout} }

// identity is the same for sources that can share one remote: two configurations that fetch the same keys in
// the same way have one set, and one cool-down. It holds no secret in the clear.
func (s keySource) identity() string {
	s.refresh, s.maxStale, s.wait, s.timeout = 0, 0, 0, 0
	if s.uri != "" {
		s.issuer = ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", s))
	return hex.EncodeToString(sum[:])
}

// name is the source for logs: without userinfo, and without a query, either of which can be a secret.
func (s keySource) name() string {
	u, err := url.Parse(s.address())
	if err != nil {
		return "unreadable"
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment = nil, "", "", ""
	return u.String()
}

// host is the source for metrics.
func (s keySource) host() string {
	u, err := url.Parse(s.address())
	if err != nil {
		return ""
	}
	return u.Host
}

func (s keySource) address() string {
	if s.uri != "" {
		return s.uri
	}
	return s.issuer
}
