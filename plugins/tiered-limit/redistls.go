package tieredlimit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// errBadKey is what a client's key means that is none, or of another certificate.
var errBadKey = errors.New("must be the key of ssl_cert in PEM, without a passphrase")

// tls returns nil where there is none. Its ServerName is that of the record: who dials puts the host in its
// place where the record has none.
func (c Redis) tls() (*tls.Config, error) {
	if !c.SSL {
		return nil, nil
	}
	roots, err := authorities(c.SSLCACert)
	if err != nil {
		return nil, fmt.Errorf("redis.ssl_ca_cert: %w", err)
	}
	own, err := keyPair(c.SSLCert, c.SSLCertKey)
	if err != nil {
		return nil, fmt.Errorf("redis.ssl_cert: %w", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: c.ServerName, InsecureSkipVerify: !c.SSLVerify,
		RootCAs: roots, Certificates: own,
	}, nil
}

// authorities reads certificates in PEM; nil stands for the system's.
func authorities(pem string) (*x509.CertPool, error) {
	if pem == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("must be certificates in PEM")
	}
	return pool, nil
}

// keyPair reads a client's certificate and key. That one of them is absent is for the schema to tell. No
// error shows what it read.
func keyPair(cert, key string) ([]tls.Certificate, error) {
	if cert == "" || key == "" {
		return nil, nil
	}
	if _, err := authorities(cert); err != nil {
		return nil, errors.New("must be a certificate in PEM")
	}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadKey, err)
	}
	return []tls.Certificate{pair}, nil
}
