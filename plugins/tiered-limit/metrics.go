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
	warnings  *prometheus.CounterVec
	calls     *prometheus.HistogramVec
	shared    prometheus.Counter
	unknown   prometheus.Counter
	debts     *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	return &metrics{
		decisions: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_decisions_total",
			Help: "Requests by tier (empty: none was chosen), outcome (admitted, rejected, would_reject: in a dry run, skipped, " +
				"failed: Kong could not say who made it) and what decided (redis, memory, local: this gateway's part, error: on_redis_error, tier: no limit, " +
				"anonymous: on_no_consumer, kong: failed).",
		}, []string{"tier", "outcome", "store"}),
		warnings: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "tollgate_tiered_limit_quota_warnings_total",
			Help: "Daily quotas of which a share was used up, by tier and percent; each once a day.",
		}, []string{"tier", "percent"}),
		calls: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tollgate_tiered_limit_store_seconds",
			Help:    "Time that requests waited on Redis, by result (ok, error).",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14), // 0.1 ms to 0.8 s
		}, []string{"result"}),
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
				"full (too many counts), refused (the key holds something else), unknown (never answered), stopped (the gateway, first).",
		}, []string{"result"}),
	}
}

// decided counts a decision. A dry run's rejection is none: the request passed.
func (m *metrics) decided(d Decision, dryRun bool) {
	outcome := string(d.Verdict)
	if dryRun && d.Verdict == Rejected {
		outcome = "would_reject"
	}
	m.decisions.WithLabelValues(d.Tier, outcome, string(d.Store)).Inc()
}

// failed counts a request of which Kong could not say what a decision rests on.
func (m *metrics) failed() { m.decisions.WithLabelValues("", "failed", "kong").Inc() }

func (m *metrics) warned(tier string, w warning) {
	m.warnings.WithLabelValues(tier, strconv.Itoa(w.percent)).Inc()
}

// owed counts requests that Redis was to be told of, by what became of them.
func (m *metrics) owed(result string, requests int64) {
	if requests > 0 {
		m.debts.WithLabelValues(result).Add(float64(requests))
	}
}

func (m *metrics) asked(took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.calls.WithLabelValues(result).Observe(took.Seconds())
}
