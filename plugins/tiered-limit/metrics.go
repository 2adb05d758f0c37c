package tieredlimit

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are the plugin's, over all its instances. Tiers are the only label that a configuration
// chooses; consumers are none.
type metrics struct {
	decisions *prometheus.CounterVec
	calls     *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	return &metrics{
		decisions: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_decisions_total",
			Help: "Requests by tier, outcome (admitted, rejected) and what decided (redis, error: on_redis_error, tier: no limit).",
		}, []string{"tier", "outcome", "store"}),
		calls: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tollgate_tiered_limit_store_seconds",
			Help:    "Time that requests waited on Redis, by result (ok, error).",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14), // 0.1 ms to 0.8 s
		}, []string{"result"}),
	}
}

func (m *metrics) decided(d Decision) {
	m.decisions.WithLabelValues(d.Tier, d.outcome(), string(d.Store)).Inc()
}

func (m *metrics) asked(took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.calls.WithLabelValues(result).Observe(took.Seconds())
}
