package jwksverify

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fetcherFor fetches from a server, whose certificate it trusts, and nothing else.
func fetcherFor(t *testing.T, s *httptest.Server, source keySource) *fetcher {
	t.Helper()
	transport, err := newTransport(source)
	if err != nil {
		t.Fatal(err)
	}
	if client, ok := s.Client().Transport.(*http.Transport); ok && s.TLS != nil {
		transport.TLSClientConfig.RootCAs = client.TLSClientConfig.RootCAs
	}
	return newFetcher(source, transport, time.Now)
}

func plainSource(uri string) keySource {
	s := testSource(uri)
	s.insecureHTTP = true
	return s
}

func TestFetchOverTLS(t *testing.T) {
	var accept string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/jwks", http.StatusFound)
			return
		}
		accept = r.Header.Get("Accept")
		w.Header().Set("Cache-Control", "max-age=90")
		_, _ = io.WriteString(w, "the body")
	}))
	defer s.Close()
	for _, path := range []string{"/jwks", "/old"} {
		d, err := fetcherFor(t, s, testSource(s.URL+path)).fetch(t.Context())
		if err != nil || string(d.body) != "the body" || d.lifetime != 90*time.Second {
			t.Errorf("%s: got %q for %s, %v", path, d.body, d.lifetime, err)
		}
	}
	if !strings.Contains(accept, "application/jwk-set+json") {
		t.Errorf("Accept is %q", accept)
	}
}

func TestFetchFails(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "stolen") }))
	defer elsewhere.Close()
	for name, row := range map[string]struct {
		handle http.HandlerFunc
		want   string
		cause  string
	}{
		"on an error status":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "status 500", "status"},
		"on an answer without content":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "status 204", "status"},
		"on a redirect to another host": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "another host", "unreachable"},
		"on a redirect to itself":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "too many redirects", "unreachable"},
		"on a body without end":         {func(w http.ResponseWriter, _ *http.Request) { writeForever(w) }, "larger than", "invalid"},
		"on a small body that unpacks to a huge one": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed(maxBody + 1))
		}, "larger than", "invalid"},
		"on a body that is cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "{")
		}, "EOF", "unreachable"},
		"on headers without end": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 128<<10)) }, "headers", "unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(row.handle)
			defer s.Close()
			d, err := fetcherFor(t, s, plainSource(s.URL+"/jwks?key=hunter2")).fetch(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %d bytes and error %v, want %q in it", len(d.body), err, row.want)
			}
			if err != nil && (causeOf(err) != row.cause || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("the error is %s: %v", causeOf(err), err)
			}
		})
	}
}

func TestFetchRefusesAnUnknownAuthority(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of our refusal
	s.StartTLS()
	defer s.Close()
	if _, err := newFetcher(testSource(s.URL), must(newTransport(keySource{})), time.Now).fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}

func TestFetchNeverGoesFromHTTPSToHTTP(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/jwks", http.StatusFound)
	}))
	defer s.Close()
	for _, insecureHTTP := range []bool{false, true} {
		source := testSource(s.URL)
		source.insecureHTTP = insecureHTTP
		if _, err := fetcherFor(t, s, source).fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "plain http") {
			t.Errorf("with insecure_http %t: got %v", insecureHTTP, err)
		}
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	hanging := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(hanging)
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-hanging; cancel() }()
	if _, err := fetcherFor(t, s, plainSource(s.URL)).fetch(ctx); err == nil {
		t.Error("a server that hangs gave an answer")
	}
}

func TestExplainingATokenWaitsForKeysAsLongAsAFetchMayTake(t *testing.T) {
	left := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(left)
	}))
	defer s.Close()
	c := Config{Issuers: []Issuer{{Issuer: testIssuer, JWKSURI: s.URL}}, JWKSTimeoutMS: 100, InsecureHTTP: true}
	if _, err := fetchKeys(&c, testIssuer); err == nil {
		t.Error("a server that hangs gave an answer")
	}
	<-left
}

func TestFetchRefusesPlainHTTPUnlessItIsAllowed(t *testing.T) {
	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	if _, err := fetcherFor(t, s, testSource(s.URL)).fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "https") || asked {
		t.Errorf("got %v, asked %t", err, asked)
	}
}

func must(t *http.Transport, err error) *http.Transport {
	if err != nil {
		panic(err)
	}
	return t
}

func writeForever(w io.Writer) {
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func packed(size int) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(make([]byte, size))
	_ = z.Close()
	return out.Bytes()
}
