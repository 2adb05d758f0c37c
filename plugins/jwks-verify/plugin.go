package jwksverify

import (
	"fmt"
	"net/http"
	"time"

	"tollgate/internal/plugin"
	"tollgate/internal/shared"
)

// keysGrace is how long a key set is kept fresh with nobody using it, so that a reload finds it warm.
const keysGrace = 5 * time.Minute

// state is what the instances share.
type state struct {
	deps      plugin.Deps
	metrics   *metrics
	transport http.RoundTripper
	remotes   *shared.Pool[*remote]
}

// New returns the plugin.
func New(deps plugin.Deps) plugin.Plugin { return newPlugin(deps, newTransport()) }

func newPlugin(deps plugin.Deps, transport http.RoundTripper) plugin.Plugin {
	s := &state{
		deps:      deps,
		metrics:   newMetrics(deps.Metrics),
		transport: transport,
		remotes:   shared.NewPool(keysGrace, (*remote).close),
	}
	return plugin.Plugin{
		Name:     Schema().Name,
		Version:  "0.1.0",
		Priority: 1460, // before Kong's own jwt (1450) and key-auth (1250)
		Schema:   Schema(),
		Build:    s.build,
		Close:    s.remotes.Close,
	}
}

func (s *state) build(config []byte) (plugin.Handler, error) {
	c, err := plugin.Decode[Config](Schema(), config)
	if err != nil {
		return nil, err
	}
	h := &handler{config: c, policy: newPolicy(&c), metrics: s.metrics, now: s.deps.Now}
	for _, issuer := range c.Issuers {
		lease, err := s.lease(issuer.JWKSURI, c.InsecureHTTP)
		if err != nil {
			h.Close()
			return nil, fmt.Errorf("key set of %s: %w", issuer.Issuer, err)
		}
		h.remotes = append(h.remotes, lease)
	}
	return h, nil
}

// lease shares one key set among all that fetch it in the same way.
func (s *state) lease(uri string, insecureHTTP bool) (*shared.Lease[*remote], error) {
	key := fmt.Sprintf("insecure_http=%t %s", insecureHTTP, uri)
	return s.remotes.Acquire(key, func() (*remote, error) {
		f := newFetcher(uri, insecureHTTP, s.transport)
		return startRemote(f.fetch, s.deps.Log.With("plugin", "jwks-verify", "jwks_uri", uri), s.metrics.countFetch), nil
	})
}
