package headerguard

import (
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tollgate/internal/plugin"
)

// Priority lets the plugin run before every authentication plugin, and after cors (2000), whose
// preflights hold no credentials, and bot-detection (2500).
const Priority = 1990

// New returns the plugin.
func New(deps plugin.Deps) plugin.Plugin {
	m := newMetrics(deps.Metrics, deps.Now)
	return plugin.Plugin{
		Name:     Name,
		Version:  "0.1.0",
		Priority: Priority,
		Schema:   Schema(),
		Build: func(config []byte) (plugin.Handler, error) {
			c, err := plugin.Decode[Config](Schema(), config)
			if err != nil {
				return nil, err
			}
			return newHandler(&c, deps, m), nil
		},
		Close:  func() {},
		Status: m.report,
	}
}

func newHandler(c *Config, deps plugin.Deps, m *metrics) *handler {
	g := newGuard(c)
	h := &handler{
		guard: g, enforces: g.enforces(), asksLine: c.comparesAuthority(), detail: c.ErrorDetail, audit: c.AuditHeader,
		witness: newWitnessBox(c), prints: fingerprints{[]byte(c.FingerprintKey)},
		sampler: newSampler(c.AuditSample, deps.Now, rand.Float64),
		metrics: m, now: deps.Now, log: deps.Log,
		complaints: rate.Sometimes{First: 1, Interval: 10 * time.Second},
	}
	if c.AuditHeader != "" {
		h.removed = append(h.removed, lower(c.AuditHeader))
	}
	if h.witness != nil {
		h.removed = append(h.removed, h.witness.header)
	}
	m.hold(h.guard.names())
	return h
}

func lower(name string) string { return strings.ToLower(name) }
