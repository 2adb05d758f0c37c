package jwksverify

import "github.com/prometheus/client_golang/prometheus"

// metrics are the plugin's, for the whole process.
type metrics struct {
	verdicts map[reason]prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) *metrics {
	verdicts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_jwks_verify_total",
		Help: "Requests judged by jwks-verify, by reason; ok and anonymous are those let through.",
	}, []string{"reason"})
	m := &metrics{
		verdicts: map[reason]prometheus.Counter{},
	}
	registry.MustRegister(verdicts)
	for _, r := range allReasons() {
		m.verdicts[r] = verdicts.WithLabelValues(string(r)) // at 0: the first of a kind is a change, too
	}
	return m
}

// countVerdict takes one of allReasons.
func (m *metrics) countVerdict(r reason) { m.verdicts[r].Inc() }

// allReasons are the values of the label reason.
func allReasons() []reason {
	return []reason{
		reasonOK, reasonAnonymous, reasonNoToken, reasonMalformed, reasonAlg, reasonKidUnknown, reasonSignature,
		reasonIssuer, reasonAudience, reasonExpired, reasonNotYetValid, reasonScope, reasonClaim, reasonType,
		reasonBinding, reasonKeysUnavailable, reasonConsumer, reasonGateway,
	}
}
