package jwksverify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// discoveryLifetime is how long a key set's address is used before the issuer's metadata are read again.
const discoveryLifetime = time.Hour

// discovered is the key set's address as the issuer's metadata named it.
type discovered struct {
	uri string
	at  time.Time
	// failed tells that the address gave no key set the last time.
	failed bool
}

// discover returns the key set's address, from the issuer's metadata where it is old, or did not work.
// Metadata that cannot be had, or are bad, leave the address that was found before.
func (f *fetcher) discover(ctx context.Context) (string, error) {
	if f.found.uri != "" && !f.found.failed && f.now().Sub(f.found.at) < discoveryLifetime {
		return f.found.uri, nil
	}
	uri, err := f.readMetadata(ctx)
	switch {
	case err == nil:
		f.found = discovered{uri: uri, at: f.now()}
	case f.found.uri == "":
		return "", err
	}
	return f.found.uri, nil
}

// readMetadata returns the jwks_uri of the first good document.
func (f *fetcher) readMetadata(ctx context.Context) (string, error) {
	var problems []error
	for _, address := range metadataAddresses(f.source.issuer) {
		d, err := f.getMetadata(ctx, address)
		if err == nil {
			var uri string
			if uri, err = jwksURI(d.body, f.source.issuer, f.source.insecureHTTP); err == nil {
				return uri, nil
			}
		}
		problems = append(problems, err)
	}
	return "", fmt.Errorf("%w: %w", errDiscovery, errors.Join(problems...))
}

// getMetadata takes a third of the time that is left at most, so that two documents that hang leave enough
// to the key set, whose address may be known from before.
func (f *fetcher) getMetadata(ctx context.Context, address string) (document, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/3)
		defer cancel()
	}
	return f.get(ctx, address)
}

// metadataAddresses are where an issuer publishes its metadata: OpenID Connect Discovery, section 4,
// puts the well-known part behind the issuer, RFC 8414, section 3.1, between its host and its path.
func metadataAddresses(issuer string) []string {
	u, err := url.Parse(strings.TrimSuffix(issuer, "/"))
	if err != nil || u.RawQuery != "" || u.Fragment != "" { // neither may be there, in either document
		return nil
	}
	openID, oauth := *u, *u
	path := u.EscapedPath()
	setPath(&openID, path+"/.well-known/openid-configuration")
	setPath(&oauth, "/.well-known/oauth-authorization-server"+path)
	return []string{openID.String(), oauth.String()}
}

// setPath keeps the issuer's own escapes.
func setPath(u *url.URL, escaped string) {
	u.RawPath = escaped
	u.Path, _ = url.PathUnescape(escaped)
}

// jwksURI reads a metadata document. Its issuer must be ours, exactly (OpenID Connect Discovery, section
// 4.3; RFC 8414, section 3.3): another's document would bring another's keys.
func jwksURI(body []byte, issuer string, insecureHTTP bool) (string, error) {
	metadata, err := readObject(body)
	if err != nil {
		return "", fmt.Errorf("the metadata's document %w", err)
	}
	if metadata["issuer"] != issuer {
		return "", errors.New("the metadata are those of another issuer")
	}
	uri, _ := metadata["jwks_uri"].(string)
	plain := insecureHTTP && strings.HasPrefix(issuer, "http://")
	if rule := brokenURI(uri, plain); rule != "" {
		return "", errors.New("jwks_uri of the metadata " + rule)
	}
	return uri, nil
}
