package tieredlimit

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are the plugin's, over all its instances. Tiers and the percents of their warnings are the
// only labels that a configuration chooses; consumers are none.
type metrics struct {
	decisions *prometheus.CounterVec
	counters  *decisionCounters // of decisions
	exceeded  *prometheus.CounterVec
	warnings  *prometheus.CounterVec
	dayLeft   *prometheus.HistogramVec
	answered  prometheus.Observer // calls to Redis
	failing   prometheus.Observer
	shared    prometheus.Counter
	unknown   prometheus.Counter
	debts     *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	calls := auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "tollgate_tiered_limit_store_seconds",
		Help:    "Time that requests waited on Redis, by result (ok, error).",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14), // 0.1 ms to 0.8 s
	}, []string{"result"})
	m := &metrics{
		answered: calls.WithLabelValues("ok"),
		failing:  calls.WithLabelValues("error"),
		decisions: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_decisions_total",
			Help: "Requests by tier (empty: none was chosen), outcome (admitted, rejected, would_reject: in a dry run, skipped, " +
				"failed: Kong could not say who made it) and what decided (redis, memory, local: this gateway's part, error: on_redis_error, tier: no limit, " +
				"anonymous: on_no_consumer, kong: failed).",
		}, []string{"tier", "outcome", "store"}),
		exceeded: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_exceeded_total",
			Help: "Requests that a limit rejected, or would have in a dry run, by tier and limit (tps, daily); one that exceeds both counts for both.",
		}, []string{"tier", "limit"}),
		warnings: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_quota_warnings_total",
			Help: "Daily quotas of which a share was used up, by tier and percent; each once a day.",
		}, []string{"tier", "percent"}),
		dayLeft: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tollgate_tiered_limit_quota_left_seconds",
			Help: "Time that was left of the day when a share of a daily quota was used up, by tier and percent; each once a day. " +
				"80 percent with 12 hours left is a consumer that needs 1.6 times its quota.",
			Buckets: []float64{3600, 7200, 4 * 3600, 6 * 3600, 8 * 3600, 12 * 3600, 16 * 3600, 20 * 3600},
		}, []string{"tier", "percent"}),
		shared: auto.NewCounter(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_shared_calls_total",
			Help: "Requests that were counted by a call that another request of the same consumer made.",
		}),
		unknown: auto.NewCounter(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_unknown_debits_total",
			Help: "Requests whose call to Redis ended without an answer, so that it is unknown whether Redis has debited them.",
		}),
		debts: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_debts_total",
			Help: "Requests admitted without Redis that count for a day, by what became of them: settled (debited afterwards), or lost: " +
				"full (too many counts), refused (the key holds something else), unknown (never answered), stopped (the gateway, first), ended (the day, first), zone (asked for in another time zone).",
		}, []string{"result"}),
	}
	m.counters = newDecisionCounters(m.decisions)
	for _, result := range []string{debtsSettled, debtsFull, debtsRefused, debtsUnknown, debtsStopped, debtsEnded, debtsZone} {
		m.debts.WithLabelValues(result) // at 0: the first of a kind is a change, too
	}
	return m
}

// expect has what is counted of a configuration's tiers begin at 0.
func (m *metrics) expect(tiers []rung) {
	for i := range tiers {
		t := &tiers[i]
		if t.limits.unlimited() {
			continue
		}
		for _, store := range []Source{FromRedis, FromMemory, FromLocal} {
			m.counters.of(decisionLabels{t.name, string(Rejected), store})
		}
		for _, store := range []Source{FromRedis, FromLocal} {
			m.counters.of(decisionLabels{t.name, string(Admitted), store})
		}
		if t.limits.TPS > 0 {
			m.exceeded.WithLabelValues(t.name, policyTPS)
		}
		if t.limits.Quota > 0 {
			m.exceeded.WithLabelValues(t.name, policyDaily)
		}
		for _, w := range t.warnings {
			percent := strconv.Itoa(w.percent)
			m.warnings.WithLabelValues(t.name, percent)
			m.dayLeft.WithLabelValues(t.name, percent)
		}
	}
}

// decided counts a decision. A dry run's rejection is none: the request passed.
func (m *metrics) decided(d Decision, dryRun bool) {
	outcome := string(d.Verdict)
	if dryRun && d.Verdict == Rejected {
		outcome = "would_reject"
	}
	m.counters.of(decisionLabels{d.Tier, outcome, d.Store}).Inc()
	if d.Second.RetryAfter > 0 {
		m.exceeded.WithLabelValues(d.Tier, policyTPS).Inc()
	}
	if d.Day.RetryAfter > 0 {
		m.exceeded.WithLabelValues(d.Tier, policyDaily).Inc()
	}
}

// failed counts a request of which Kong could not say what a decision rests on.
func (m *metrics) failed() { m.decisions.WithLabelValues("", "failed", "kong").Inc() }

// warned takes the day in which a share was used up.
func (m *metrics) warned(tier string, w warning, day Window) {
	percent := strconv.Itoa(w.percent)
	m.warnings.WithLabelValues(tier, percent).Inc()
	m.dayLeft.WithLabelValues(tier, percent).Observe(float64(day.ResetSeconds))
}

// owed counts requests that Redis was to be told of, by what became of them.
func (m *metrics) owed(result string, requests int64) {
	if requests > 0 {
		m.debts.WithLabelValues(result).Add(float64(requests))
	}
}

func (m *metrics) asked(took time.Duration, err error) {
	if err != nil {
		m.failing.Observe(took.Seconds())
		return
	}
	m.answered.Observe(took.Seconds())
}
