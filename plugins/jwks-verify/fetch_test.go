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

// transportFor trusts the server's certificate and nothing else.
func transportFor(s *httptest.Server) http.RoundTripper {
	transport := newTransport()
	if client, ok := s.Client().Transport.(*http.Transport); ok && s.TLS != nil {
		transport.TLSClientConfig.RootCAs = client.TLSClientConfig.RootCAs
	}
	return transport
}

func TestFetchOverTLS(t *testing.T) {
	var accept string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/jwks", http.StatusFound)
			return
		}
		accept = r.Header.Get("Accept")
		_, _ = io.WriteString(w, "the body")
	}))
	defer s.Close()
	for _, path := range []string{"/jwks", "/old"} {
		body, err := newFetcher(s.URL+path, false, transportFor(s)).fetch(t.Context())
		if err != nil || string(body) != "the body" {
			t.Errorf("%s: got %q, %v", path, body, err)
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
	}{
		"on an error status":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "status 500"},
		"on an answer without content":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "status 204"},
		"on a redirect to another host": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "another host"},
		"on a redirect to itself":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "too many redirects"},
		"on a body without end":         {func(w http.ResponseWriter, _ *http.Request) { writeForever(w) }, "larger than"},
		"on a small body that unpacks to a huge one": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed(maxBody + 1))
		}, "larger than"},
		"on a body that is cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "{")
		}, "EOF"},
		"on headers without end": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 128<<10)) }, "headers"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(row.handle)
			defer s.Close()
			body, err := newFetcher(s.URL+"/jwks", true, transportFor(s)).fetch(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %d bytes and error %v, want %q in it", len(body), err, row.want)
			}
		})
	}
}

func TestFetchRefusesAnUnknownAuthority(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of our refusal
	s.StartTLS()
	defer s.Close()
	if _, err := newFetcher(s.URL, false, newTransport()).fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}

func TestFetchNeverGoesFromHTTPSToHTTP(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/jwks", http.StatusFound)
	}))
	defer s.Close()
	for _, insecureHTTP := range []bool{false, true} {
		if _, err := newFetcher(s.URL, insecureHTTP, transportFor(s)).fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "plain http") {
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
	f := newFetcher(s.URL, true, transportFor(s))
	if _, err := f.fetch(ctx); err == nil {
		t.Error("a server that hangs gave an answer")
	}
	if f.client.Timeout != 5*time.Second {
		t.Errorf("the timeout is %s", f.client.Timeout)
	}
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
