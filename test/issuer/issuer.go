package issuer

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultEnvironment is the environment id unless Options name another.
const DefaultEnvironment = "3f2a8b1c-0d4e-4f6a-9b7c-5d8e1f2a3b4c"

// Options of an issuer. The zero value of a field is its default.
type Options struct {
	BaseURL     string           // scheme and host under which the issuer is reached; required
	Environment string           // PingOne's environment id, DefaultEnvironment
	Audience    []string         // of tokens that do not say, https://api.example.com
	Overlap     time.Duration    // how long a replaced key stays published, 24 h
	Now         func() time.Time // time.Now
}

// Issuer mints tokens and publishes the keys to verify them. It is an
// http.Handler, and safe for concurrent use.
type Issuer struct {
	options Options
	mux     *http.ServeMux
	down    atomic.Bool

	misbehaviour atomic.Value // a Misbehaviour; absent for none
	fetches      atomic.Int64

	mu   sync.Mutex
	keys []*key // the one that signs first, then replaced ones
}

// New returns an issuer with one key.
func New(o Options) (*Issuer, error) {
	if !strings.HasPrefix(o.BaseURL, "http://") && !strings.HasPrefix(o.BaseURL, "https://") {
		return nil, fmt.Errorf("issuer: base URL must start with http:// or https://, got %q", o.BaseURL)
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	o.Environment = cmp.Or(o.Environment, DefaultEnvironment)
	o.Overlap = cmp.Or(o.Overlap, 24*time.Hour)
	if o.Audience == nil {
		o.Audience = []string{"https://api.example.com"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	i := &Issuer{options: o}
	if _, err := i.Rotate(); err != nil {
		return nil, err
	}
	i.route()
	return i, nil
}

// URL is the issuer: the iss of its tokens.
func (i *Issuer) URL() string { return i.options.BaseURL + i.base() }

func (i *Issuer) base() string { return "/" + i.options.Environment + "/as" }

// JWKSURL is where the keys are published.
func (i *Issuer) JWKSURL() string { return i.URL() + "/jwks" }

// Fetches is how often the key set was asked for, whatever came of it.
func (i *Issuer) Fetches() int { return int(i.fetches.Load()) }

// Down makes every answer a 503 until it is called with false. Mint and Rotate
// go on working.
func (i *Issuer) Down(down bool) { i.down.Store(down) }
