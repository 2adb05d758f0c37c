package jwksverify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// maxBody bounds an answer in bytes: maxKeys keys with a certificate chain each.
	maxBody = 1 << 20
	// fetchTimeout bounds one fetch from the first packet to the last.
	fetchTimeout = 5 * time.Second
	maxRedirects = 3
)

// fetcher gets the answer of one jwks_uri.
type fetcher struct {
	uri    string
	client *http.Client
}

func newFetcher(uri string, insecureHTTP bool, transport http.RoundTripper) *fetcher {
	return &fetcher{uri, &http.Client{
		Transport: transport,
		Timeout:   fetchTimeout,
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			return checkRedirect(next, via, insecureHTTP)
		},
	}}
}

// newTransport returns a transport for key sets. It keeps no connections: fetches are minutes apart.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
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

// fetch returns the body of a 200 answer.
func (f *fetcher) fetch(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.uri, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer has status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxBody)
	}
	return body, nil
}
