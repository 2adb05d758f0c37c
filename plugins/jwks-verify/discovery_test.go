package jwksverify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMetadataAddresses(t *testing.T) {
	for issuer, want := range map[string][]string{
		"https://a.test": {
			"https://a.test/.well-known/openid-configuration", "https://a.test/.well-known/oauth-authorization-server",
		},
		"https://a.test/": {
			"https://a.test/.well-known/openid-configuration", "https://a.test/.well-known/oauth-authorization-server",
		},
		"https://auth.pingone.eu/1-2/as": {
			"https://auth.pingone.eu/1-2/as/.well-known/openid-configuration",
			"https://auth.pingone.eu/.well-known/oauth-authorization-server/1-2/as",
		},
		"https://a.test:8443/x%2Fy/": {
			"https://a.test:8443/x%2Fy/.well-known/openid-configuration",
			"https://a.test:8443/.well-known/oauth-authorization-server/x%2Fy",
		},
		"https://a.test/?x=1": nil,
		"https://a.test/#x":   nil,
		"https://[":           nil,
	} {
		if diff := cmp.Diff(want, metadataAddresses(issuer)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", issuer, diff)
		}
	}
}

func TestJWKSURIOfMetadata(t *testing.T) {
	const good = `{"issuer":"https://a.test","jwks_uri":"https://keys.test/jwks"}`
	for name, row := range map[string]struct {
		document string
		want     string // of the address, or of the error
	}{
		"a good document":                   {good, "https://keys.test/jwks"},
		"a document without jwks_uri":       {`{"issuer":"https://a.test"}`, "must be an absolute URL"},
		"jwks_uri over http":                {`{"issuer":"https://a.test","jwks_uri":"http://keys.test/jwks"}`, "must be https"},
		"jwks_uri with a password":          {`{"issuer":"https://a.test","jwks_uri":"https://u:hunter2@keys.test/jwks"}`, "must not hold"},
		"jwks_uri that is a list":           {`{"issuer":"https://a.test","jwks_uri":["https://keys.test/jwks"]}`, "must be an absolute URL"},
		"another issuer":                    {`{"issuer":"https://b.test","jwks_uri":"https://keys.test/jwks"}`, "another issuer"},
		"our issuer with a slash more":      {`{"issuer":"https://a.test/","jwks_uri":"https://keys.test/jwks"}`, "another issuer"},
		"our issuer in another case":        {`{"issuer":"https://A.test","jwks_uri":"https://keys.test/jwks"}`, "another issuer"},
		"no issuer":                         {`{"jwks_uri":"https://keys.test/jwks"}`, "another issuer"},
		"ISSUER does not stand for issuer":  {`{"ISSUER":"https://a.test","jwks_uri":"https://keys.test/jwks"}`, "another issuer"},
		"two issuers":                       {`{"issuer":"https://b.test",` + good[1:], "duplicate"},
		"HTML":                              {`<html>`, "document"},
		"nothing":                           {``, "document"},
		"a document that is cut off":        {good[:30], "document"},
		"a document with another behind it": {good + good, "document"},
	} {
		uri, err := jwksURI([]byte(row.document), "https://a.test", true)
		got := uri
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, row.want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	if uri, err := jwksURI([]byte(strings.ReplaceAll(good, "https", "http")), "http://a.test", true); err != nil || uri != "http://keys.test/jwks" {
		t.Errorf("all on http, where it is allowed: %q, %v", uri, err)
	}
}

// webs are the documents of several hosts, by address; what is missing is not found.
type webs struct {
	mu    sync.Mutex
	pages map[string]string
	asked []string
}

func (w *webs) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, r.URL.String())
	page, ok := w.pages[r.URL.String()]
	w.mu.Unlock()
	if page == "hangs" {
		<-r.Context().Done()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if page == "down" {
		return nil, errors.New("connection refused")
	}
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Body: readCloser([]byte(page)), Request: r}, nil
}

// askedSince returns the addresses asked for since the last call.
func (w *webs) askedSince() []string {
	out := w.asked
	w.asked = nil
	return out
}

const (
	openID = "https://a.test/.well-known/openid-configuration"
	oauth  = "https://a.test/.well-known/oauth-authorization-server"
)

func metadata(uri string) string {
	return fmt.Sprintf(`{"issuer":"https://a.test","jwks_uri":%q}`, uri)
}

func discovering(w *webs) *fetcher {
	s := testSource("")
	s.issuer = "https://a.test"
	return newFetcher(s, w, time.Now)
}

func TestDiscoveryPrefersOpenID(t *testing.T) {
	for name, row := range map[string]struct {
		pages map[string]string
		want  []string
	}{
		"OpenID's document":                         {map[string]string{openID: metadata("https://k.test/1"), oauth: metadata("https://k.test/2")}, []string{openID, "https://k.test/1"}},
		"OAuth's where there is no other":           {map[string]string{oauth: metadata("https://k.test/2")}, []string{openID, oauth, "https://k.test/2"}},
		"OAuth's where the other is another's":      {map[string]string{openID: `{"issuer":"https://b.test","jwks_uri":"https://evil.test"}`, oauth: metadata("https://k.test/2")}, []string{openID, oauth, "https://k.test/2"}},
		"OAuth's where the other cannot be reached": {map[string]string{openID: "down", oauth: metadata("https://k.test/2")}, []string{openID, oauth, "https://k.test/2"}},
	} {
		w := &webs{pages: row.pages}
		w.pages["https://k.test/1"], w.pages["https://k.test/2"] = "keys", "keys"
		d, err := discovering(w).fetch(t.Context())
		if diff := cmp.Diff(row.want, w.askedSince()); diff != "" || err != nil || string(d.body) != "keys" {
			t.Errorf("%s: %q, %v (-want +got):\n%s", name, d.body, err, diff)
		}
	}
	_, err := discovering(&webs{pages: map[string]string{openID: "<html>"}}).fetch(t.Context())
	if causeOf(err) != "discovery" || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "not a JSON object") {
		t.Errorf("where there is none: %v", err)
	}
}

func TestTheDiscoveredAddressIsUsedUntilItIsOldOrFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &webs{pages: map[string]string{openID: metadata("https://k.test/1"), "https://k.test/1": "keys", "https://k.test/2": "keys"}}
		f := discovering(w)
		step := func(name string, wantErr bool, want ...string) {
			t.Helper()
			_, err := f.fetch(t.Context())
			if diff := cmp.Diff(want, w.askedSince()); diff != "" || (err != nil) != wantErr {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
		step("at first", false, openID, "https://k.test/1")
		time.Sleep(59 * time.Minute)
		step("within the hour", false, "https://k.test/1")
		time.Sleep(time.Minute)
		step("after an hour", false, openID, "https://k.test/1")

		w.pages[openID] = "down"
		time.Sleep(time.Hour)
		step("with the metadata gone", false, openID, oauth, "https://k.test/1")

		w.pages[openID] = metadata("https://k.test/2")
		w.pages["https://k.test/1"] = "down"
		time.Sleep(time.Hour)
		step("where the keys have moved", false, openID, "https://k.test/2")

		w.pages["https://k.test/2"] = "down"
		step("where they do not answer", true, "https://k.test/2")
		w.pages[openID], w.pages["https://k.test/3"] = metadata("https://k.test/3"), "keys"
		step("the next time", false, openID, "https://k.test/3")
	})
}

// Whoever moves its keys may leave an answer behind that is one of success.
func TestKeysThatMovedAreFoundWhateverTheOldAddressAnswers(t *testing.T) {
	for name, left := range map[string]string{
		"a page": "<html>", "an object": "{}", "an empty set": `{"keys":[]}`, "nothing": "", "no answer": "down",
	} {
		t.Run(name, func(t *testing.T) {
			w := &webs{pages: map[string]string{openID: metadata("https://k.test/1"), "https://k.test/1": string(oneKey("k1"))}}
			f := discovering(w)
			if _, _, err := f.keys(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.pages[openID], w.pages["https://k.test/1"], w.pages["https://k.test/2"] = metadata("https://k.test/2"), left, string(oneKey("k2"))
			if _, _, err := f.keys(t.Context()); err == nil {
				t.Error("took it for a key set")
			}
			w.askedSince()
			set, _, err := f.keys(t.Context())
			if diff := cmp.Diff([]string{openID, "https://k.test/2"}, w.askedSince()); diff != "" || err != nil || !set.kids["k2"] {
				t.Errorf("the next time: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// FuzzJWKSURI looks for panics, and for addresses that no rule lets in.
func FuzzJWKSURI(f *testing.F) {
	f.Add([]byte(metadata("https://k.test/1")))
	f.Add([]byte(`{"issuer":"https://a.test","jwks_uri":"http://k.test"}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		uri, err := jwksURI(document, "https://a.test", true)
		if err == nil && !strings.HasPrefix(strings.ToLower(uri), "https://") {
			t.Errorf("took %q", uri)
		}
	})
}

// Metadata that hang take no time from the keys, whose address is known.
func TestMetadataThatHangLeaveTimeForTheKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &webs{pages: map[string]string{openID: metadata("https://k.test/1"), "https://k.test/1": "keys"}}
		f := discovering(w)
		fetch := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := f.fetch(ctx)
			return err
		}
		if err := fetch(); err != nil {
			t.Fatal(err)
		}
		w.pages[openID], w.pages[oauth] = "hangs", "hangs"
		time.Sleep(2 * discoveryLifetime)
		for range 3 {
			if err := fetch(); err != nil {
				t.Errorf("the keys are there, and %v", err)
			}
		}
	})
}
