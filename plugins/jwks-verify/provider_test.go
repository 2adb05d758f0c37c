package jwksverify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"
)

// provider plays an identity provider's jwks_uri, within a test's bubble of time.
type provider struct {
	mu      sync.Mutex
	body    []byte // nil is a connection refused
	hangs   bool
	fetches []time.Time
	// lifetime is what the answers say of theirs.
	lifetime time.Duration
}

func (p *provider) serve(body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body, p.hangs = body, false
}

func (p *provider) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangs = true
}

func (p *provider) fetched() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.fetches)
}

// fetch takes 20 ms, and brings what there was at its start.
func (p *provider) fetch(ctx context.Context) (document, error) {
	p.mu.Lock()
	p.fetches = append(p.fetches, time.Now())
	hangs, d := p.hangs, document{p.body, p.lifetime}
	p.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return document{}, ctx.Err()
	}
	time.Sleep(20 * time.Millisecond)
	if d.body == nil {
		return document{}, errors.New("connection refused")
	}
	return d, nil
}

// RoundTrip lets a provider stand in for the network; a hanging one lasts as long as the client lets it.
func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	d, err := p.fetch(req.Context())
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: readCloser(d.body), Request: req}, nil
}

// keys fetches as a fetcher does.
func (p *provider) keys(ctx context.Context) (*keySet, time.Duration, error) {
	d, err := p.fetch(ctx)
	if err != nil {
		return nil, 0, err
	}
	set, err := d.keys()
	return set, d.lifetime, err
}

// rented is a remote with one lease.
type rented struct {
	*remote
	lease *keyLease
}

func (p *provider) start() rented {
	if p.lifetime == 0 {
		p.lifetime = noLifetime
	}
	s := testSource("https://auth.example.test/jwks")
	r := startRemote(s, p.keys, time.Now, slog.New(slog.DiscardHandler), func(error) {})
	r.join(s.terms())
	return rented{r, &keyLease{remote: r, terms: s.terms(), wait: testWait}}
}

// ask is a request whose kid the set lacks.
func (r rented) ask(t *testing.T, kid string) bool {
	return r.lease.renewed(t.Context(), r.keys(time.Now()), kid, r.lease.until())
}

func oneKey(kid string) []byte { return jwks(jwk(kid, p256Key(), nil)) }

func (r rented) has(kid string) bool {
	set := r.lease.keys(time.Now())
	return set != nil && set.kids[kid]
}
