package integration

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// holder is an upstream that holds what it is asked for below /held, and an issuer that holds its keys, until both
// are let go. Everything else the upstream answers at once.
type holder struct {
	url     string
	issuer  *issuer.Issuer
	arrived chan struct{} // gets one for each request that is held
	release chan struct{}
	once    sync.Once
}

func startHolder(t *testing.T) *holder {
	t.Helper()
	const most = 8 // requests that are held
	h := &holder{arrived: make(chan struct{}, most), release: make(chan struct{})}
	server := httptest.NewUnstartedServer(h)
	h.url = "http://" + server.Listener.Addr().String()
	var err error
	if h.issuer, err = issuer.New(issuer.Options{BaseURL: h.url, Audience: []string{sandbox.Audience}}); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(h.letGo)
	return h
}

func (h *holder) letGo() { h.once.Do(func() { close(h.release) }) }

// bodyOf is what the upstream answers: more than a connection or a proxy keeps to itself.
func bodyOf(path string) string { return strings.Repeat(path+"\n", 1<<15) }

func (h *holder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	keys := strings.HasSuffix(r.URL.Path, "/jwks")
	if keys || strings.HasPrefix(r.URL.Path, "/held") {
		h.arrived <- struct{}{}
		<-h.release
	}
	if keys {
		h.issuer.ServeHTTP(w, r)
		return
	}
	_, _ = io.WriteString(w, bodyOf(r.URL.Path)) // a client that has left misses nothing
}

// bearer mints a token at the issuer that is held, and returns it as a header.
func (h *holder) bearer(t *testing.T) string {
	t.Helper()
	signed, err := h.issuer.Mint(issuer.Token{Client: "load-app"})
	if err != nil {
		t.Fatal(err)
	}
	shared.secrets.token(signed)
	return "Authorization: Bearer " + signed
}

// send sends a request that is held, and returns once it is.
func (h *holder) send(t *testing.T, by *http.Client, url string, headers ...string) <-chan reply {
	t.Helper()
	answer := make(chan reply, 1)
	go func() {
		r, err := sendBy(by, url, headers)
		if err != nil {
			r.body = []byte(err.Error()) // its status is 0
		}
		answer <- r
	}()
	select {
	case <-h.arrived:
	case r := <-answer:
		t.Fatalf("status %d of a request that was to be held; body %s", r.status, r.body)
	}
	return answer
}
