package issuer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ServeHTTP answers what the package's documentation lists.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == i.base()+"/jwks" {
		i.fetches.Add(1)
	}
	if i.down.Load() && r.URL.Path != "/up" {
		http.Error(w, "the issuer is down", http.StatusServiceUnavailable)
		return
	}
	i.mux.ServeHTTP(w, r)
}

func (i *Issuer) route() {
	base := i.base()
	i.mux = http.NewServeMux()
	i.mux.HandleFunc("GET "+base+"/.well-known/openid-configuration", i.spoiled(i.discovery))
	i.mux.HandleFunc("GET "+base+"/jwks", i.spoiled(i.jwks))
	for _, path := range []string{"/token", base + "/token"} {
		i.mux.HandleFunc("GET "+path, i.token)
		i.mux.HandleFunc("POST "+path, i.token)
	}
	i.mux.HandleFunc("POST /rotate", i.rotate)
	i.mux.HandleFunc("POST /misbehave", i.misbehave)
	i.mux.HandleFunc("POST /down", func(http.ResponseWriter, *http.Request) { i.Down(true) })
	i.mux.HandleFunc("POST /up", func(http.ResponseWriter, *http.Request) { i.Down(false) })
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"issuer":                                i.URL(),
		"authorization_endpoint":                i.URL() + "/authorize",
		"token_endpoint":                        i.URL() + "/token",
		"jwks_uri":                              i.JWKSURL(),
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (i *Issuer) jwks(w http.ResponseWriter, _ *http.Request) {
	keys := []jwk{}
	for _, k := range i.published() {
		keys = append(keys, k.public())
	}
	writeJSON(w, map[string]any{"keys": keys})
}

func (i *Issuer) rotate(w http.ResponseWriter, r *http.Request) {
	kid, err := i.Rotate()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.FormValue("drop") == "1" {
		i.Drop()
	}
	writeJSON(w, map[string]any{"kid": kid})
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	t, err := tokenFrom(r.Form)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	signed, err := i.Mint(t)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, map[string]any{
		"access_token": signed, "token_type": "Bearer", "expires_in": int(t.ExpiresIn.Seconds()), "scope": t.Scope,
	})
}

// tokenFrom reads the parameters; the error joins all that are wrong.
func tokenFrom(form url.Values) (Token, error) {
	t := Token{
		Client: form.Get("client"), Subject: form.Get("sub"), Audience: form["aud"], AudienceAsString: form.Get("aud_string") == "1",
		Scope: form.Get("scope"), Tier: form.Get("tier"), Issuer: form.Get("iss"), KeyID: form.Get("kid"), Type: form.Get("typ"),
		ExpiresIn: defaultLifetime,
	}
	var problems []error
	if form.Has("expires_in") {
		problems = append(problems, seconds(form, "expires_in", &t.ExpiresIn))
	}
	if form.Has("nbf") {
		t.NotBefore = new(time.Duration)
		problems = append(problems, seconds(form, "nbf", t.NotBefore))
	}
	if t.ExpiresIn == 0 {
		t.ExpiresIn = -time.Nanosecond // "now", not the default
	}
	return t, errors.Join(problems...)
}

func seconds(form url.Values, name string, to *time.Duration) error {
	n, err := strconv.ParseInt(form.Get(name), 10, 32)
	if err != nil {
		return fmt.Errorf("%s: must be a number of seconds, got %q", name, form.Get(name))
	}
	*to = time.Duration(n) * time.Second
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(data, '\n')) // a client that has left misses nothing
}
