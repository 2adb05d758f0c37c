package jwksverify

import (
	"fmt"
	"net/http"
	"time"

	"tollgate/internal/plugin"
)

// state is what the instances share.
type state struct {
	deps    plugin.Deps
	metrics *metrics
	keys    *keyStore
	tokens  *tokenCache[*judged]
}

// New returns the plugin.
func New(deps plugin.Deps) plugin.Plugin { return newPlugin(deps, nil) }

// newPlugin fetches by transport, unless it is nil.
func newPlugin(deps plugin.Deps, transport http.RoundTripper) plugin.Plugin {
	s := &state{
		deps: deps, metrics: newMetrics(deps.Metrics),
		keys: newKeyStore(deps, always(transport)), tokens: newTokenCache[*judged](deps.Metrics),
	}
	return plugin.Plugin{
		Name:     Schema().Name,
		Version:  "0.1.0",
		Priority: 1460, // before Kong's own jwt (1450) and key-auth (1250)
		Schema:   Schema(),
		Build:    s.build,
		Close:    s.keys.close,
		Status:   s.keys.report,
	}
}

func (s *state) build(config []byte) (plugin.Handler, error) {
	c, err := plugin.Decode[Config](Schema(), config)
	if err != nil {
		return nil, err
	}
	h := &handler{
		config: c, sources: newSources(c.HeaderNames), guarded: newGuarded(&c), policy: newPolicy(&c), tokens: s.tokens,
		identifier: newIdentifier(&c), answers: newAnswers(&c, coolDown), metrics: s.metrics, now: s.deps.Now,
	}
	for _, issuer := range c.Issuers {
		lease, err := s.keys.acquire(newKeySource(issuer, &c))
		if err != nil {
			h.Close()
			return nil, fmt.Errorf("key set of %s: %w", issuer.Issuer, err)
		}
		h.keys = append(h.keys, lease)
	}
	return h, nil
}

func newKeySource(issuer Issuer, c *Config) keySource {
	return keySource{
		issuer: issuer.Issuer, uri: issuer.JWKSURI,
		refresh: time.Duration(c.JWKSRefreshSeconds) * time.Second, maxStale: time.Duration(c.JWKSMaxStaleSeconds) * time.Second,
		wait: time.Duration(c.JWKSWaitMS) * time.Millisecond, timeout: time.Duration(c.JWKSTimeoutMS) * time.Millisecond,
		insecureHTTP: c.InsecureHTTP, caCertificates: c.JWKSCACertificates,
		clientCertificate: c.JWKSClientCertificate, clientKey: c.JWKSClientKey, proxy: c.JWKSProxy,
	}
}
