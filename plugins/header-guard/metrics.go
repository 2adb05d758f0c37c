package headerguard

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count for the whole process. Labels are fixed words and the names of rules, which configurations
// bound; none comes from a request.
type metrics struct {
	decisions  map[decision]prometheus.Counter
	exempts    map[exemption]prometheus.Counter
	violations *prometheus.CounterVec
	witnesses  *prometheus.CounterVec

	now   func() time.Time
	mu    sync.Mutex
	rules map[string]int // how many configurations have a check of that name
	hour  lastHour
}

func newMetrics(registry prometheus.Registerer, now func() time.Time) *metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollgate_header_guard_" + name, Help: help}, labels)
		registry.MustRegister(v)
		return v
	}
	decisions := counters("decisions_total", "Requests that header-guard saw, by what became of them.", "decision")
	exempts := counters("exempt_total", "Requests that an exemption let pass, by what spared them (peer, method, path).", "by")
	m := &metrics{
		decisions: map[decision]prometheus.Counter{}, exempts: map[exemption]prometheus.Counter{},
		violations: counters("violations_total", "Faults, by rule or check, by reason, by where the header was lost or added, and by mode.",
			"rule", "reason", "place", "mode"),
		witnesses: counters("witnesses_total", "Witnesses of the load balancer that were looked for, by what they were found to be.", "result"),
		now:       now,
		rules:     map[string]int{},
	}
	for _, d := range []decision{passed, exempt, audited, rejected, unread} {
		m.decisions[d] = decisions.WithLabelValues(string(d))
	}
	for _, w := range witnessStates() {
		m.witnesses.WithLabelValues(string(w)) // at 0: the first of a kind is a change, too
	}
	for _, by := range []exemption{byPeer, byMethod, byPath} {
		m.exempts[by] = exempts.WithLabelValues(string(by))
	}
	return m
}

func (m *metrics) count(d decision) { m.decisions[d].Inc() }

func (m *metrics) judged(v verdict) {
	m.count(v.decision)
	if v.decision == exempt {
		m.exempts[v.exemptBy].Inc()
	}
	if len(v.faults) == 0 {
		return
	}
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range v.faults {
		f := &v.faults[i]
		m.hour.add(finding{f.reason, f.place, f.check.mode}, now)
		if m.rules[f.check.name] == 0 {
			continue // the request was under way when its configuration went: nobody would take the series away
		}
		m.violations.WithLabelValues(f.check.name, string(f.reason), string(f.place), f.check.mode).Inc()
	}
}

// report tells of the last hour.
func (m *metrics) report() any {
	m.mu.Lock()
	defer m.mu.Unlock()
	return reportOf(m.hour.sum(m.now()))
}

func (m *metrics) witnessed(w witnessState) { m.witnesses.WithLabelValues(string(w)).Inc() }

// hold and release bound the label rule: counters of a name go with the last configuration that has it.
func (m *metrics) hold(names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		m.rules[name]++
	}
}

func (m *metrics) release(names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		if m.rules[name]--; m.rules[name] == 0 {
			delete(m.rules, name)
			m.violations.DeletePartialMatch(prometheus.Labels{"rule": name})
		}
	}
}
