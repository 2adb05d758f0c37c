package jwksverify

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// brokenAuthorities is the rule that a list of certificates in PEM breaks, empty for none.
func brokenAuthorities(text string) string {
	if isReference(text) {
		return ""
	}
	const rule = "must be certificates in PEM, and nothing else"
	rest := []byte(strings.TrimSpace(text))
	for len(rest) > 0 {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return rule
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return rule
		}
	}
	return ""
}

// brokenPair is the rule that a certificate and its key break. The error of tls.X509KeyPair is left out:
// what it quotes of its input can be a secret.
func brokenPair(certificate, key string) string {
	if isReference(certificate) || isReference(key) {
		return ""
	}
	if _, err := tls.X509KeyPair([]byte(certificate), []byte(key)); err != nil {
		return "must be a certificate in PEM that jwks_client_key, in PEM, belongs to"
	}
	return ""
}
