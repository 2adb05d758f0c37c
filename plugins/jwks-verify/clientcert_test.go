package jwksverify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tollgate/internal/httpheader"
)

// certificateForms are the forms in which load balancers pass a certificate.
func certificateForms(der []byte) map[string]string {
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	joined := func(with string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", with) }
	escaped := url.PathEscape(text)
	every := strings.ReplaceAll(strings.ReplaceAll(escaped, "+", "%2B"), "=", "%3D") // nginx, and Envoy
	hash := fmt.Sprintf("%x", sha256.Sum256(der))
	return map[string]string{
		"PEM with its lines joined by spaces":  joined(" "),
		"PEM with its lines joined by tabs":    joined("\t"),
		"PEM with its lines joined by nothing": joined(""),
		"PEM with folded lines":                joined("\n "),
		"URL-encoded PEM":                      escaped,
		"URL-encoded PEM, all of it":           every,
		"URL-encoded PEM in one line":          strings.ReplaceAll(every, "%0A", ""),
		"form-encoded PEM":                     url.QueryEscape(text),
		"form-encoded PEM joined by spaces":    url.QueryEscape(joined(" ")),
		"form-encoded PEM in one line":         url.QueryEscape(joined("")),
		"XFCC with a certificate":              `By=spiffe://a/b;Hash=` + hash + `;Cert="` + every + `";Subject="CN=a,O=\"b; Cert=c\"";URI=`,
		"XFCC with a hash":                     `Hash=` + hash + `;Subject=""`,
		"XFCC with a hash in upper case":       `hash=` + strings.ToUpper(hash),
		"XFCC with an unquoted certificate":    `Subject="/C=US";Cert=` + every,
		"XFCC with a form-encoded certificate": `Cert="` + url.QueryEscape(text) + `"`,
	}
}

func TestCertificatesAreReadInEveryForm(t *testing.T) {
	der := derOf(t, p256Key())
	for name, field := range certificateForms(der) {
		t.Run(name, func(t *testing.T) {
			got, err := readCertificate(" " + field + "\t")
			if err != nil || got != sha256.Sum256(der) {
				t.Errorf("got %x, %v", got[:4], err)
			}
		})
	}
}

// plusses is the PEM of a sequence whose base64 has as many pluses as could go without being missed.
func plusses() string {
	return pemOfBytes(append([]byte{0x30, 0x10, 0x04, 0x0e, 0, 0}, bytes.Repeat([]byte{0xfb, 0xef, 0xbe}, 4)...))
}

func pemOfBytes(der []byte) string {
	return pemBegin + " " + base64.StdEncoding.EncodeToString(der) + " " + pemEnd
}

// TestWhatAPlusIsShowsInTheFirstLine has a certificate in whose base64 pluses are many.
func TestWhatAPlusIsShowsInTheFirstLine(t *testing.T) {
	want, err := readCertificate(plusses())
	if n := strings.Count(plusses(), "+"); err != nil || n != 16 {
		t.Fatalf("%d pluses, %v", n, err)
	}
	for name, field := range map[string]string{"form": url.QueryEscape(plusses()), "plus as it is": url.PathEscape(plusses())} {
		if got, err := readCertificate(field); err != nil || got != want {
			t.Errorf("%s: got %x, %v", name, got[:4], err)
		}
	}
}

func TestHeadersWithoutOneCertificateAreRefused(t *testing.T) {
	mine, other := derOf(t, p256Key()), derOf(t, p384Key())
	text := certificateForms(mine)["PEM with its lines joined by spaces"]
	escaped := url.PathEscape(text)
	hash, otherHash := fmt.Sprintf("%x", sha256.Sum256(mine)), fmt.Sprintf("%x", sha256.Sum256(other))
	for name, field := range map[string]string{
		"nothing":                                "",
		"a word":                                 "none",
		"two certificates":                       text + " " + text,
		"two certificates, URL-encoded":          escaped + "%0A" + escaped,
		"a key":                                  strings.ReplaceAll(text, "CERTIFICATE", "PRIVATE KEY"),
		"a certificate without its end":          strings.TrimSuffix(text, pemEnd),
		"a certificate of nothing":               pemBegin + pemEnd,
		"a certificate cut in the middle":        text[:len(text)-60] + pemEnd,
		"text before the certificate":            "x" + text,
		"text behind the certificate":            text + "x",
		"a broken escape":                        escaped + "%",
		"spaces as a form's, pluses as base64's": strings.ReplaceAll(url.PathEscape(plusses()), "%20", "+"),
		"base64's plus taken for a space":        strings.ReplaceAll(plusses(), "+", " "),
		"a certificate and a byte":               pemOfBytes(append(slices.Clone(mine), 0)),
		"a certificate without its last bytes":   pemOfBytes(mine[:len(mine)-3]),
		"bytes that are no certificate":          pemOfBytes([]byte("certificate")),
		"bare DER in base64":                     base64.StdEncoding.EncodeToString(mine),
		"XFCC of two proxies":                    "Hash=" + hash + ",Hash=" + otherHash,
		"XFCC of two proxies, the same":          "Hash=" + hash + ",Hash=" + hash,
		"XFCC of two proxies, one empty":         "Hash=" + hash + ",",
		"XFCC with two hashes":                   "Hash=" + otherHash + ";Hash=" + hash,
		"XFCC with two certificates":             "Cert=" + escaped + ";cert=" + escaped,
		"XFCC with a hash of another":            "Hash=" + otherHash + `;Cert="` + escaped + `"`,
		"XFCC without hash and certificate":      `By=a;Subject="CN=x";Chain="` + escaped + `"`,
		"XFCC with a hash that is too short":     "Hash=" + hash[:62],
		"XFCC with a hash in base64":             "Hash=" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"XFCC with an open quote":                `Subject="CN=x;Hash=` + hash,
		"XFCC with text behind a quote":          `Subject="CN=x"y;Hash=` + hash,
		"XFCC that ends in a backslash":          `Subject="CN=x\`,
		"XFCC with a hash within a subject":      `Subject="CN=x;Hash=` + hash + `"`,
		"XFCC without a value":                   "Hash",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := readCertificate(field); err == nil {
				t.Errorf("got %x", got[:4])
			} else if got != (thumbprint{}) {
				t.Errorf("got %x beside %v", got[:4], err)
			}
		})
	}
}

func TestACertificateIsBelievedOnlyFromTrustedPeers(t *testing.T) {
	der := derOf(t, p256Key())
	field := certificateForms(der)["URL-encoded PEM"]
	c := newCertificates("X-Client-Cert", []string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:198.51.100.1"})
	one := map[string][]string{"x-client-cert": {field}}
	for name, row := range map[string]struct {
		peer    string
		headers map[string][]string
		want    bool
	}{
		"a peer in a network":                 {"10.255.0.1", one, true},
		"a peer by its address":               {"192.0.2.7", one, true},
		"an IPv6 peer":                        {"2001:db8:1::1", one, true},
		"an IPv4 peer, written as IPv6":       {"::ffff:10.0.0.1", one, true},
		"a peer trusted as IPv6":              {"198.51.100.1", one, true},
		"a peer beside the network":           {"11.0.0.1", one, false},
		"a peer beside the address":           {"192.0.2.8", one, false},
		"a unix socket":                       {"unix:", one, false},
		"no peer":                             {"", one, false},
		"no header":                           {"10.0.0.1", nil, false},
		"the header twice":                    {"10.0.0.1", map[string][]string{"x-client-cert": {field, field}}, false},
		"the header in the client's spelling": {"10.0.0.1", map[string][]string{"x_client_cert": {field}}, false},
		"a spelling beside the header":        {"10.0.0.1", map[string][]string{"x_client_cert": {"x"}, "x-client-cert": {field}}, true},
		"a header without a certificate":      {"10.0.0.1", map[string][]string{"x-client-cert": {"-"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.of(row.peer, httpheader.FromMap(row.headers))
			if (got.err == nil) != row.want || (got.certificate == sha256.Sum256(der)) != row.want {
				t.Errorf("got %x, %v", got.certificate[:4], got.err)
			}
			if got.err != nil && strings.Contains(got.err.Error(), "BEGIN") {
				t.Errorf("the error holds the header: %v", got.err)
			}
		})
	}
}

// FuzzReadCertificate looks for panics, and for certificates that the header does not hold.
func FuzzReadCertificate(f *testing.F) {
	der := derOf(f, p256Key())
	for _, field := range certificateForms(der) {
		f.Add(field)
	}
	f.Add(`Hash=00;Cert="-----BEGIN%20`)
	f.Add(`By="\\";Hash=`)
	f.Fuzz(func(t *testing.T, field string) {
		got, err := readCertificate(field)
		if err != nil {
			if got != (thumbprint{}) {
				t.Error("a header that is refused gave a certificate")
			}
			return
		}
		if strings.Contains(strings.ToLower(field), hex.EncodeToString(got[:])) {
			return // the hash stands there
		}
		plain, _ := url.PathUnescape(strings.ReplaceAll(field, `\`, ""))
		if !strings.Contains(plain, pemBegin) && !strings.Contains(field, pemBegin) && !strings.Contains(plain, formBegin) {
			t.Errorf("a certificate out of %q", field)
		}
	})
}

// FuzzReadNetwork looks for panics, and for everyone.
func FuzzReadNetwork(f *testing.F) {
	for _, text := range []string{"10.0.0.0/8", "::1", "0.0.0.0/0", "::/0", "fe80::1%x", "1.2.3.4/33"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network, err := readNetwork(text)
		if err == nil && (!network.IsValid() || network.Bits() == 0 || network != network.Masked()) {
			t.Errorf("%q is %v", text, network)
		}
		if err == nil && network.Contains(netip.MustParseAddr("192.0.2.1")) && network.Contains(netip.MustParseAddr("2001:db8::1")) {
			t.Errorf("%q holds everyone", text)
		}
	})
}
