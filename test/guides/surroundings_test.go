package guides

import (
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lb "tollgate/test/loadbalancer"
	"tollgate/test/redistest"
)

// balance starts what plays the F5.
func (w *reading) balance(t *testing.T, s step) {
	t.Helper()
	kind, wishes, _ := strings.Cut(s.text, " ")
	b, secret, err := behaviour(strings.Fields(wishes))
	if err != nil {
		t.Fatalf("%s: %v", w.at(s.line), err)
	}
	gateway := strings.TrimPrefix(w.URL, "http://")
	address := startBalancer(t, kind, b, secret, gateway)
	if address == "" {
		t.Fatalf("%s: no load balancer is called %q", w.at(s.line), kind)
	}
	w.must(t, step{line: s.line, text: "F5=http://" + address})
}

// startBalancer returns where it listens, "" for a kind that is not known.
func startBalancer(t *testing.T, kind string, b lb.Behaviour, secret, gateway string) string {
	t.Helper()
	switch kind {
	case "proxy":
		return lb.F5{Behaviour: b, Secret: secret}.Start(t, gateway)
	case "haproxy":
		return lb.HAProxy{Behaviour: b}.Start(t, gateway)
	case "nginx":
		return lb.Nginx{Behaviour: b}.Start(t, gateway)
	}
	return ""
}

// behaviour reads wishes such as erase=Authorization and replace=X-Forwarded-Proto:https.
func behaviour(wishes []string) (b lb.Behaviour, secret string, err error) {
	for _, wish := range wishes {
		name, value, _ := strings.Cut(wish, "=")
		header, content, _ := strings.Cut(value, ":")
		switch name {
		case "erase":
			b.Erase = append(b.Erase, value)
		case "delete":
			b.Delete = append(b.Delete, value)
		case "replace":
			b.Replace = append(b.Replace, lb.Line{Name: header, Value: content})
		case "insert":
			b.Insert = append(b.Insert, lb.Line{Name: header, Value: content})
		case "host":
			b.Host = value
		case "reject":
			b.Reject = append(b.Reject, value)
		case "forwarded-for":
			b.ForwardedFor = true
		case "pass-after-1":
			b.PassAfter = 1
		case "witness":
			secret = value
		default:
			return b, "", fmt.Errorf("a load balancer does not %q", wish)
		}
	}
	return b, secret, nil
}

// encrypt serves the issuer by TLS too, with an authority that nobody knows yet.
func (w *reading) encrypt(t *testing.T, s step) {
	t.Helper()
	authority := redistest.NewAuthority(t)
	files := authority.Files(t, "127.0.0.1")
	server := httptest.NewUnstartedServer(w.Issuer)
	certificate, err := loadPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = certificate
	server.StartTLS()
	t.Cleanup(server.Close)
	if err := os.WriteFile(filepath.Join(w.folder, "ca.pem"), []byte(authority.PEM), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(t, step{line: s.line, text: "TLS_ISSUER=" + server.URL + "; TLS_ADDRESS=" + server.Listener.Addr().String()})
}

func loadPair(cert, key string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	return &tls.Config{Certificates: []tls.Certificate{pair}}, err
}
