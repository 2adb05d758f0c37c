package headerguard

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/plugin"
)

func TestCountersOfARuleGoWithTheLastConfigurationThatHasIt(t *testing.T) {
	deps := plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now}
	m := newMetrics(deps.Metrics)
	one := newHandler(configOf(t, `{"rules":[{"name":"tenant","header":"a"}]}`), deps, m)
	two := newHandler(configOf(t, `{"rules":[{"name":"tenant","header":"b"},{"name":"trace","header":"c"}]}`), deps, m)
	for _, h := range []*handler{one, two} {
		q, _ := survey(nil)
		v := h.guard.judge(h.guard.examine(q), circumstances{})
		v.locate(testimony{})
		m.judged(v)
	}
	labelled := func(want int) {
		t.Helper()
		if n := testutil.CollectAndCount(m.violations); n != want {
			t.Errorf("%d series, want %d", n, want)
		}
	}
	labelled(2)
	if n := testutil.ToFloat64(m.violations.WithLabelValues("tenant", "missing", "unknown", "enforce")); n != 2 {
		t.Errorf("%v violations of tenant, want 2", n)
	}
	two.Close()
	labelled(1) // tenant is in the other one still
	one.Close()
	labelled(0)
	if len(m.rules) != 0 {
		t.Errorf("names that are held: %v", m.rules)
	}
}
