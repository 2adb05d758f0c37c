package jwksverify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// newTransport returns a transport for a source's fetches. It keeps no connections: fetches are minutes
// apart. Its errors repeat neither keys nor addresses.
func newTransport(s keySource) (*http.Transport, error) {
	config, err := tlsConfig(s)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyOf(s)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:                  proxy,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig:        config,
	}, nil
}

func tlsConfig(s keySource) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.caCertificates != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(s.caCertificates)) {
			return nil, errors.New("the CA certificates hold no certificate in PEM")
		}
	}
	if s.clientCertificate == "" && s.clientKey == "" {
		return c, nil
	}
	pair, err := tls.X509KeyPair([]byte(s.clientCertificate), []byte(s.clientKey))
	if err != nil {
		return nil, errors.New("the client certificate and its key are not a pair in PEM")
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

func proxyOf(s keySource) (func(*http.Request) (*url.URL, error), error) {
	if s.proxy == "" {
		return http.ProxyFromEnvironment, nil
	}
	u, err := url.Parse(s.proxy)
	if err != nil || u.Hostname() == "" { // the error would repeat a password
		return nil, errors.New("the proxy is not an absolute URL")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return http.ProxyURL(u), nil
	}
	return nil, fmt.Errorf("the proxy's scheme %q is none of http, https, socks5, socks5h", u.Scheme)
}
