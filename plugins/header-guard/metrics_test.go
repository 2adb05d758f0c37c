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
	m := newMetrics(deps.Metrics, deps.Now)
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

// A request may be under way while its configuration goes.
func TestWhatIsCountedTooLateLeavesNothingBehind(t *testing.T) {
	s := standOf(t, `{"rules":[{"name":"old","header":"a"}]}`)
	s.run(t, kongWith(nil))
	s.handler.Close()
	s.run(t, kongWith(nil))
	if n := testutil.CollectAndCount(s.metrics.violations); n != 0 {
		t.Errorf("%d series of a rule that is gone", n)
	}
	if n := testutil.ToFloat64(s.metrics.decisions[rejected]); n != 2 {
		t.Errorf("%v rejected, want 2", n)
	}
	s.metrics.hold(s.handler.(*handler).guard.names()) // for the stand's own end
}
