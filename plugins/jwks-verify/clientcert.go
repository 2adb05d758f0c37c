package jwksverify

import (
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"tollgate/internal/httpheader"
)

// presented is the certificate that a client showed to the load balancer, or why there is none. The zero
// value is one that nobody has.
type presented struct {
	certificate thumbprint
	err         error
}

// certificates are where clients' certificates are found.
type certificates struct {
	header  string // in lower case
	trusted []netip.Prefix
}

// of reads the certificate of a request's client, given the address of its TCP peer. Of the header's
// spellings only the configured one counts: the load balancer replaces that one.
func (c certificates) of(peer string, headers httpheader.List) presented {
	if !c.trusts(peer) {
		return presented{err: fmt.Errorf("the peer %s is none of trusted_peers", printable(peer))}
	}
	fields := headers.Lines(c.header)
	if len(fields) != 1 {
		return presented{err: fmt.Errorf("%d headers %s came, not one", len(fields), c.header)}
	}
	certificate, err := readCertificate(fields[0])
	if err != nil {
		return presented{err: fmt.Errorf("the header %s %w", c.header, err)}
	}
	return presented{certificate: certificate}
}

func (c certificates) trusts(peer string) bool {
	address, err := netip.ParseAddr(peer)
	if err != nil {
		return false // such as that of a unix socket
	}
	address = address.Unmap().WithZone("")
	for _, network := range c.trusted {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// readNetwork reads an address or a network of trusted peers.
func readNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, errors.New("must be an IP address or a network such as 10.0.0.0/8")
	case network.Addr().Is4In6(): // peers are compared as IPv4: it would hold none
		return netip.Prefix{}, errors.New("must be written as IPv4, such as 10.0.0.0/8")
	case network != network.Masked():
		return netip.Prefix{}, fmt.Errorf("must be a network, such as %s", network.Masked())
	case network.Bits() == 0:
		return netip.Prefix{}, errors.New("must not be everyone: any client could pass any certificate")
	}
	return network, nil
}

var errNoCertificate = errors.New("holds no certificate in PEM, URL-encoded PEM or X-Forwarded-Client-Cert")

// readCertificate reads a header in any of the forms in which load balancers pass a certificate.
func readCertificate(field string) (thumbprint, error) {
	field = strings.Trim(field, " \t")
	switch {
	case strings.HasPrefix(field, pemBegin):
		return readPEM(field)
	case strings.HasPrefix(field, "-----BEGIN"): // the space behind it is encoded
		return readEscapedPEM(field)
	}
	return readXFCC(field)
}

const (
	pemBegin = "-----BEGIN CERTIFICATE-----"
	pemEnd   = "-----END CERTIFICATE-----"
	// formBegin is how a form (application/x-www-form-urlencoded) writes pemBegin.
	formBegin = "-----BEGIN+CERTIFICATE-----"
)

// readEscapedPEM reads a URL-encoded certificate, whose first line tells what a plus is: a space, as forms
// write it, with base64's own plus as %2B; else base64's own.
func readEscapedPEM(text string) (thumbprint, error) {
	unescape := url.PathUnescape
	if strings.HasPrefix(text, formBegin) {
		unescape = url.QueryUnescape
	}
	plain, err := unescape(text)
	if err != nil {
		return thumbprint{}, errNoCertificate
	}
	return readPEM(strings.TrimSpace(plain))
}

// readPEM reads exactly one certificate. Its lines may be joined by any white space or none, since a header
// has no line breaks.
func readPEM(text string) (thumbprint, error) {
	body, begins := strings.CutPrefix(text, pemBegin)
	body, ends := strings.CutSuffix(body, pemEnd)
	if !begins || !ends {
		return thumbprint{}, errNoCertificate
	}
	der, err := base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil || !isSequence(der) {
		return thumbprint{}, errNoCertificate
	}
	return sha256.Sum256(der), nil
}

// isSequence tells whether the bytes are one ASN.1 SEQUENCE and nothing else, as a certificate is (RFC 5280,
// section 4.1). One that lost bytes on its way, such as those of a plus that was taken for a space, is not.
func isSequence(der []byte) bool {
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(der, &whole)
	return err == nil && len(rest) == 0 && whole.IsCompound && whole.Class == asn1.ClassUniversal && whole.Tag == asn1.TagSequence
}
