package jwksverify

import "github.com/prometheus/client_golang/prometheus"

// keyMetrics reports the key sets as they are when they are asked for, so that a source that is gone
// leaves nothing behind. Its labels are hosts that the configuration names.
type keyMetrics struct {
	age, keys, maxStale *prometheus.Desc
	snapshot            func() map[string]hostKeys
}

// registerKeyMetrics returns what counts each fetch.
func registerKeyMetrics(registry prometheus.Registerer, snapshot func() map[string]hostKeys) (fetched func(error)) {
	fetches := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_jwks_verify_fetches_total",
		Help: "Fetches of key sets, by result: ok, unreachable, status, invalid or discovery.",
	}, []string{"result"})
	registry.MustRegister(fetches, &keyMetrics{
		age: prometheus.NewDesc("tollgate_jwks_verify_keys_age_seconds",
			"Time since keys were last fetched with success, or since the start where they never were; of a host's sources the longest.",
			[]string{"host"}, nil),
		keys: prometheus.NewDesc("tollgate_jwks_verify_keys",
			"Keys in use, by the host of their issuer; of a source 0 once they are older than the shortest jwks_max_stale_seconds "+
				"of the configurations that share it, while those with a longer one still verify tokens.",
			[]string{"host"}, nil),
		maxStale: prometheus.NewDesc("tollgate_jwks_verify_keys_max_stale_seconds",
			"Age beyond which keys are not used: the shortest jwks_max_stale_seconds of the host's sources.", []string{"host"}, nil),
		snapshot: snapshot,
	})
	for _, cause := range causes() {
		fetches.WithLabelValues(cause) // at 0: the first of a kind is a change, too
	}
	return func(err error) { fetches.WithLabelValues(causeOf(err)).Inc() }
}

// Describe implements prometheus.Collector.
func (m *keyMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.age
	out <- m.keys
	out <- m.maxStale
}

// Collect implements prometheus.Collector.
func (m *keyMetrics) Collect(out chan<- prometheus.Metric) {
	for host, h := range m.snapshot() {
		out <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, h.age.Seconds(), host)
		out <- prometheus.MustNewConstMetric(m.keys, prometheus.GaugeValue, float64(h.keys), host)
		out <- prometheus.MustNewConstMetric(m.maxStale, prometheus.GaugeValue, h.maxStale.Seconds(), host)
	}
}
