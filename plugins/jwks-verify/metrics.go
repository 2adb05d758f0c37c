package jwksverify

import "github.com/prometheus/client_golang/prometheus"

// metrics are the plugin's, for the whole process.
type metrics struct {
	verified *prometheus.CounterVec
	fetched  *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		verified: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_jwks_verify_total",
			Help: "Requests judged by jwks-verify, by reason; ok are those let through.",
		}, []string{"reason"}),
		fetched: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_jwks_fetches_total",
			Help: "Fetches of key sets, by result: ok or error.",
		}, []string{"result"}),
	}
	registry.MustRegister(m.verified, m.fetched)
	return m
}

func (m *metrics) countVerdict(r reason) { m.verified.WithLabelValues(string(r)).Inc() }

func (m *metrics) countFetch(err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.fetched.WithLabelValues(result).Inc()
}
