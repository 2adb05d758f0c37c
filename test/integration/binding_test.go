package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// The addresses from which the tests come, both of this machine: the load balancer's, and another.
const (
	trustedPeer = "127.0.0.1"
	otherPeer   = "127.0.0.2"
)

// clientCertificate is a certificate as a load balancer passes it, and its thumbprint (RFC 8705, section 3.1).
func clientCertificate(t *testing.T) (header, thumbprint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return "X-Client-Cert: " + url.PathEscape(string(text)), base64.RawURLEncoding.EncodeToString(sum[:])
}

// clientFrom returns a client whose connections come from an address.
func clientFrom(t *testing.T, address string) *http.Client {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: shared.client.Timeout}
}

// TestATokenThatIsBoundToACertificate has one gateway that believes nobody who the client is, and one that believes
// everybody: the peer is who has connected, whatever that makes of its address.
func TestATokenThatIsBoundToACertificate(t *testing.T) {
	for name, environment := range map[string][]string{
		"a gateway that trusts no proxy":     nil,
		"a gateway that trusts every client": {"KONG_TRUSTED_IPS=0.0.0.0/0", "KONG_REAL_IP_HEADER=X-Forwarded-For", "KONG_REAL_IP_RECURSIVE=on"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{Config: []byte(bindingConfig), Environment: environment})
			compareCertificates(t, s)
		})
	}
}

func compareCertificates(t *testing.T, s *sandbox.Sandbox) {
	right, thumbprint := clientCertificate(t)
	wrong, _ := clientCertificate(t)
	bound := bearerOf(t, s, issuer.Token{Claims: map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint}}})
	free := bearerOf(t, s, issuer.Token{})
	forged := []string{"X-Forwarded-For: " + trustedPeer, "X-Real-IP: " + trustedPeer, "Forwarded: for=" + trustedPeer}
	for _, row := range []struct {
		name, path, from string
		headers          []string
		status           int
	}{
		{"the right certificate", "/required", trustedPeer, []string{bound, right}, 200},
		{"the right certificate where none is needed", "/optional", trustedPeer, []string{bound, right}, 200},
		{"for a client behind the load balancer", "/required", trustedPeer, []string{bound, right, "X-Forwarded-For: 203.0.113.9"}, 200},
		{"the certificate of another", "/required", trustedPeer, []string{bound, wrong}, 401},
		{"the certificate of another where none is needed", "/optional", trustedPeer, []string{bound, wrong}, 401},
		{"two certificates", "/required", trustedPeer, []string{bound, wrong, right}, 401},
		{"no header", "/required", trustedPeer, []string{bound}, 401},
		{"no header where none is needed", "/optional", trustedPeer, []string{bound}, 401},
		{"a blank header", "/required", trustedPeer, []string{bound, "X-Client-Cert:"}, 401},
		{"the right one from a peer that is not trusted", "/required", otherPeer, []string{bound, right}, 401},
		{"the same where none is needed", "/optional", otherPeer, []string{bound, right}, 401},
		{"from one that says it is the load balancer", "/required", otherPeer, append(forged, bound, right), 401},
		{"the same, where none is needed", "/optional", otherPeer, append(forged, bound, right), 401},
		{"a token that is not bound", "/required", trustedPeer, []string{free, right}, 401},
		{"a token that is not bound where none has to be", "/optional", otherPeer, []string{free}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			request, err := newRequest(s.URL+row.path, row.headers)
			if err != nil {
				t.Fatal(err)
			}
			r, err := do(clientFrom(t, row.from), request)
			if err != nil {
				t.Fatal(err)
			}
			r.is(t, row.status)
			if row.status == http.StatusUnauthorized {
				logHas(t, s.AccessLog(), r.id(), `"reason":"binding"`)
			}
		})
	}
}

const bindingConfig = `
_format_version: "3.0"
services:
  - name: echo
    url: '${{ env "DECK_UPSTREAM_URL" }}'
    routes:
      - {name: open, paths: [/open]}
      - name: required
        paths: [/required]
        plugins:
          - name: jwks-verify
            config:
              issuers: &issuers [{issuer: '${{ env "DECK_ISSUER" }}', jwks_uri: '${{ env "DECK_JWKS_URI" }}', audiences: ['${{ env "DECK_AUDIENCE" }}']}]
              insecure_http: true
              sender_constraint: required
              client_cert_header: X-Client-Cert
              trusted_peers: [127.0.0.1/32]
      - name: optional
        paths: [/optional]
        plugins:
          - name: jwks-verify
            config:
              issuers: *issuers
              insecure_http: true
              sender_constraint: optional
              client_cert_header: X-Client-Cert
              trusted_peers: [127.0.0.1]
`
