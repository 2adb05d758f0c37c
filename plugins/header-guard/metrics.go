package headerguard

import "github.com/prometheus/client_golang/prometheus"

// decision is what became of a request.
type decision string

const (
	passed   decision = "passed"
	audited  decision = "audited"
	rejected decision = "rejected"
	// unread: Kong did not hand over the headers.
	unread decision = "unread"
)

// metrics counts for the whole process; no label comes from a request.
type metrics struct {
	decisions  map[decision]prometheus.Counter
	violations *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_header_guard_decisions_total",
		Help: "Requests that header-guard saw, by what became of them.",
	}, []string{"decision"})
	violations := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_header_guard_violations_total",
		Help: "Headers at fault, by reason and by the mode in which they were found.",
	}, []string{"reason", "mode"})
	registry.MustRegister(decisions, violations)

	m := &metrics{decisions: map[decision]prometheus.Counter{}, violations: violations}
	for _, d := range []decision{passed, audited, rejected, unread} {
		m.decisions[d] = decisions.WithLabelValues(string(d))
	}
	return m
}

func (m *metrics) count(d decision, mode string, violations []Violation) {
	m.decisions[d].Inc()
	for _, v := range violations {
		m.violations.WithLabelValues(string(v.Reason), mode).Inc()
	}
}
