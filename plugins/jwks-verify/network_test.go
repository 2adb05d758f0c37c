package jwksverify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
)

// network is one server within a test's bubble of time, under every name and on every port.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	last   atomic.Value // the address that was dialled last
}

func (n *network) dialled() string { address, _ := n.last.Load().(string); return address }

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr implements net.Listener.
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.last.Store(address)
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-n.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// transport is a source's own, over this network.
func (n *network) transport(s keySource) (http.RoundTripper, error) {
	t, err := newTransport(s)
	if err != nil {
		return nil, err
	}
	t.DialContext = n.dial
	if s.proxy == "" {
		t.Proxy = nil // the environment's
	}
	return t, nil
}

// serve serves h in the network until the end of the test, over TLS with what server says unless it is nil.
func serve(t *testing.T, h http.Handler, server *tls.Config) *network {
	n := newNetwork()
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: server} // it complains of our refusals
	var served sync.WaitGroup
	served.Go(func() {
		if server != nil {
			_ = s.ServeTLS(n, "", "")
		} else {
			_ = s.Serve(n)
		}
	})
	t.Cleanup(func() {
		_ = s.Close()
		served.Wait()
		time.Sleep(time.Minute) // a pipe's ends may both want to say goodbye, for 5 s
	})
	return n
}

// storeOn is a store whose sources are in the network; it writes to log, unless that is nil.
func storeOn(t *testing.T, n *network, log *book) *keyStore {
	s := newKeyStore(plugin.Deps{Log: log.logger(), Metrics: prometheus.NewRegistry(), Now: time.Now}, n.transport)
	t.Cleanup(s.close)
	return s
}

// book holds what was logged since it was last taken.
type book struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *book) logger() *slog.Logger {
	if b == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(b, nil))
}

// Write implements io.Writer.
func (b *book) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *book) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.text.Reset()
	return b.text.String()
}

// lease leases a source's keys until the end of the test.
func (s *keyStore) leaseOf(t *testing.T, source keySource) *keyLease {
	t.Helper()
	lease, err := s.acquire(source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lease.release)
	return lease
}

// testWait is how long a request waits in the tests.
const testWait = 500 * time.Millisecond

// testSource is a source with the defaults of the configuration.
func testSource(uri string) keySource {
	return keySource{
		issuer: testIssuer, uri: uri, refresh: 5 * time.Minute, maxStale: 24 * time.Hour,
		wait: testWait, timeout: 5 * time.Second,
	}
}

// authority certifies servers and clients.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: makeECDSA(elliptic.P256())}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = encodePEM("CERTIFICATE", der)
	return a
}

// issue certifies a new key for a host, up to a time.
func (a *authority) issue(t *testing.T, host string, until time.Time) tls.Certificate {
	t.Helper()
	key := makeECDSA(elliptic.P256())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host},
		NotBefore: until.Add(-100 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// pairOf is a certificate and its key as a configuration has them.
func pairOf(t *testing.T, c tls.Certificate) (certificate, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("CERTIFICATE", c.Certificate[0]), encodePEM("PRIVATE KEY", der)
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
