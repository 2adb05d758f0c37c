package jwksverify

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAServerThatWantsAClientCertificate(t *testing.T) {
	for name, row := range map[string]struct {
		show bool
		want bool
	}{"with one": {true, true}, "without one": {false, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours := newAuthority(t)
				pool := x509.NewCertPool()
				pool.AddCert(ours.cert)
				n := serve(t, serving(oneKey("k1")), &tls.Config{
					Certificates: []tls.Certificate{ours.issue(t, "issuer.test", time.Now().Add(time.Hour))},
					ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
				})
				source := testSource("https://issuer.test/jwks")
				source.caCertificates = ours.pem
				if row.show {
					source.clientCertificate, source.clientKey = pairOf(t, ours.issue(t, "gateway", time.Now().Add(time.Hour)))
				}
				store := storeOn(t, n, nil)
				keys := store.leaseOf(t, source)
				time.Sleep(time.Second)
				if got := keys.keys(time.Now()) != nil; got != row.want {
					t.Errorf("there are keys: %t", got)
				}
			})
		})
	}
}

func serving(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

func TestAProxyIsAskedWithItsPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, authorization string
		n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked, authorization = r.URL.String(), r.Header.Get("Proxy-Authorization")
			_, _ = w.Write(oneKey("k1"))
		}), nil)
		source := plainSource("http://issuer.test/jwks")
		source.proxy = "http://gateway:hunter2@proxy.test:3128"
		var log book
		store := storeOn(t, n, &log)
		keys := store.leaseOf(t, source)
		time.Sleep(time.Second)
		if keys.keys(time.Now()) == nil || asked != "http://issuer.test/jwks" || !strings.HasPrefix(authorization, "Basic ") {
			t.Errorf("the proxy was asked for %q with %q", asked, authorization)
		}
		if n.dialled() != "proxy.test:3128" {
			t.Errorf("%s was dialled", n.dialled())
		}
		n.Close()
		keys.renewed(t.Context(), keys.keys(time.Now()), "k2", keys.until())
		time.Sleep(time.Minute)
		synctest.Wait()
		if said := log.take(); !strings.Contains(said, "failed") || strings.Contains(said, "hunter2") {
			t.Errorf("the log says %s", said)
		}
	})
}

func TestATLSServerBehindAProxyIsStillVerified(t *testing.T) {
	source := testSource("https://issuer.test/jwks")
	source.proxy = "http://proxy.test:3128"
	transport, err := newTransport(source)
	if err != nil {
		t.Fatal(err)
	}
	if c := transport.TLSClientConfig; c.InsecureSkipVerify || c.MinVersion < tls.VersionTLS12 {
		t.Errorf("TLS is %+v", c)
	}
}

func TestBadTransportOptionsAreRefusedWithoutRepeatingThem(t *testing.T) {
	certificate, key := pairOf(t, newAuthority(t).issue(t, "gateway", time.Now().Add(time.Hour)))
	_, otherKey := pairOf(t, newAuthority(t).issue(t, "gateway", time.Now().Add(time.Hour)))
	for name, row := range map[string]struct {
		source keySource
		want   string
	}{
		"CA certificates that are none":    {keySource{caCertificates: "hunter2"}, "CA certificates"},
		"a client certificate without key": {keySource{clientCertificate: certificate}, "client certificate"},
		"a client key without certificate": {keySource{clientKey: key}, "client certificate"},
		"a client key of another":          {keySource{clientCertificate: certificate, clientKey: otherKey}, "client certificate"},
		"a client key that is none":        {keySource{clientCertificate: certificate, clientKey: "hunter2"}, "client certificate"},
		"a proxy that is no URL":           {keySource{proxy: "://hunter2"}, "proxy"},
		"a proxy without a host":           {keySource{proxy: "hunter2"}, "proxy"},
		"a proxy of another kind":          {keySource{proxy: "ftp://u:hunter2@proxy.test"}, `scheme "ftp"`},
		"a proxy whose password spoils it": {keySource{proxy: "http://u:hunter2%zz@proxy.test"}, "proxy"},
	} {
		_, err := newTransport(row.source)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: the error repeats a secret", name)
		}
	}
	if _, err := newTransport(keySource{caCertificates: newAuthority(t).pem, clientCertificate: certificate, clientKey: key, proxy: "socks5://proxy.test"}); err != nil {
		t.Errorf("good options: %v", err)
	}
}
