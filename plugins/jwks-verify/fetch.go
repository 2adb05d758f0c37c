package jwksverify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxBody bounds an answer in bytes: maxKeys keys with a certificate chain each.
	maxBody      = 1 << 20
	maxRedirects = 3
)

// Failures of a fetch, as the metric tells them apart.
var (
	errUnreachable = errors.New("no answer")
	errStatus      = errors.New("not an answer of success")
	errInvalid     = errors.New("not a key set")
	errDiscovery   = errors.New("no key set's address found")
)

// document is what an address gave.
type document struct {
	body []byte
	// lifetime is how long the answer says that it holds, or noLifetime.
	lifetime time.Duration
}

func (d document) keys() (*keySet, error) {
	set, err := readKeySet(d.body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errInvalid, err)
	}
	return set, nil
}

// fetcher gets the key set of one source. It serves one caller at a time.
type fetcher struct {
	source keySource
	client *http.Client
	now    func() time.Time
	found  discovered
}

func newFetcher(s keySource, transport http.RoundTripper, now func() time.Time) *fetcher {
	return &fetcher{source: s, now: now, client: &http.Client{
		Transport: transport,
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			return checkRedirect(next, via, s.insecureHTTP)
		},
	}}
}

// checkRedirect follows redirects only within the host that the operator named, and never from https
// to http: insecure_http is for addresses that the operator wrote as http.
func checkRedirect(next *http.Request, via []*http.Request, insecureHTTP bool) error {
	switch {
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	case next.URL.Host != via[0].URL.Host:
		return errors.New("redirected to another host")
	case next.URL.Scheme != "https" && (via[0].URL.Scheme == "https" || !insecureHTTP):
		return errors.New("redirected to plain http")
	}
	return nil
}

// keys returns the key set, and how long the answer says that it holds. The context bounds all of it.
func (f *fetcher) keys(ctx context.Context) (*keySet, time.Duration, error) {
	d, err := f.fetch(ctx)
	if err != nil {
		return nil, 0, err
	}
	set, err := d.keys()
	if err != nil {
		f.found.failed = true // whoever moved its keys may leave a page behind that says so
		return nil, 0, err
	}
	return set, d.lifetime, nil
}

// fetch returns the key set's document. The context bounds all of it.
func (f *fetcher) fetch(ctx context.Context) (document, error) {
	if f.source.uri != "" {
		return f.get(ctx, f.source.uri)
	}
	uri, err := f.discover(ctx)
	if err != nil {
		return document{}, err
	}
	d, err := f.get(ctx, uri)
	f.found.failed = err != nil
	return d, err
}

// get returns a 200 answer.
func (f *fetcher) get(ctx context.Context, uri string) (document, error) {
	if rule := brokenURI(uri, f.source.insecureHTTP); rule != "" {
		return document{}, fmt.Errorf("%w: the address %s", errUnreachable, rule)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, http.NoBody)
	if err != nil {
		return document{}, fmt.Errorf("%w: the address cannot be asked", errUnreachable)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := f.client.Do(req)
	if err != nil {
		return document{}, fmt.Errorf("%w: %w", errUnreachable, withoutURL(err))
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return document{}, fmt.Errorf("%w: it has status %d", errStatus, res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return document{}, fmt.Errorf("%w: reading it: %w", errUnreachable, withoutURL(err))
	}
	if len(body) > maxBody {
		return document{}, fmt.Errorf("%w: it is larger than %d bytes", errInvalid, maxBody)
	}
	return document{body, lifetimeOf(res.Header, f.now())}, nil
}

// withoutURL takes the address off an error: the log names the source, without what may be secret in it.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
