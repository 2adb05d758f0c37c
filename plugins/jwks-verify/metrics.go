package jwksverify

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the plugin's, for the whole process.
type metrics struct {
	verdicts *prometheus.CounterVec
	// known are the counters of outcomes, found without a lock.
	known map[outcome]prometheus.Counter
}

// outcome is how a request fared, and the status that it was answered with; zero for one that was let through.
type outcome struct {
	reason reason
	status int
}

func newMetrics(registry prometheus.Registerer) *metrics {
	verdicts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_jwks_verify_total",
		Help: "Requests judged by jwks-verify, by reason and by the status of the answer; ok and anonymous are those let through, without a status.",
	}, []string{"reason", "status"})
	m := &metrics{verdicts: verdicts, known: map[outcome]prometheus.Counter{}}
	registry.MustRegister(verdicts)
	for _, o := range outcomes() {
		m.known[o] = m.of(o) // at 0: the first of a kind is a change, too
	}
	return m
}

func (m *metrics) of(o outcome) prometheus.Counter {
	status := "" // as if there were no such label
	if o.status != 0 {
		status = strconv.Itoa(o.status)
	}
	return m.verdicts.WithLabelValues(string(o.reason), status)
}

// passed takes a reason for which a request is let through.
func (m *metrics) passed(r reason) { m.answered(r, 0) }

// answered takes a reason and the status of the answer.
func (m *metrics) answered(r reason, status int) {
	o := outcome{r, status}
	if counter, ok := m.known[o]; ok {
		counter.Inc()
		return
	}
	m.of(o).Inc()
}

// outcomes are all that a request can come to.
func outcomes() []outcome {
	out := []outcome{
		{reasonOK, 0}, {reasonAnonymous, 0},
		{reasonNoToken, http.StatusUnauthorized},
		{reasonMalformed, http.StatusBadRequest}, {reasonMalformed, http.StatusUnauthorized},
		{reasonKidUnknown, http.StatusUnauthorized}, {reasonKidUnknown, http.StatusServiceUnavailable},
		{reasonKeysUnavailable, http.StatusServiceUnavailable},
		{reasonScope, http.StatusForbidden},
		{reasonConsumer, http.StatusForbidden}, {reasonConsumer, http.StatusInternalServerError},
		{reasonGateway, http.StatusInternalServerError},
	}
	for _, r := range []reason{
		reasonAlg, reasonSignature, reasonIssuer, reasonAudience, reasonExpired, reasonNotYetValid, reasonClaim, reasonType, reasonBinding,
	} {
		out = append(out, outcome{r, http.StatusUnauthorized})
	}
	return out
}
