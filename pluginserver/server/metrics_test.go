package server

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
)

func TestEventsAreCountedByHowTheyEnd(t *testing.T) {
	panicking := true
	r := start(t, func(context.Context, *kong.Request) {
		if panicking {
			panic("boom")
		}
	})
	c := r.dial()
	if _, err := c.Event(r.instance(c, `{"__seq__":1}`), nothing); err == nil {
		t.Error("an event that panics is not answered by an exit")
	}
	panicking = false
	c = r.dial()
	if _, err := c.Event(r.instance(c, `{"__seq__":2}`), nothing); err != nil {
		t.Error(err)
	}
	wantMetrics(t, r.server.metrics.events, `
# HELP tollgate_server_events_total Events that Kong sent, by plugin.
# TYPE tollgate_server_events_total counter
tollgate_server_events_total{plugin="test"} 2
`)
	wantMetrics(t, r.server.metrics.failures, `
# HELP tollgate_server_event_failures_total Events answered with 500 because the handler or its connection failed, by plugin.
# TYPE tollgate_server_event_failures_total counter
tollgate_server_event_failures_total{plugin="test"} 1
`)
	wantMetrics(t, r.server.metrics.panics, `
# HELP tollgate_server_panics_total Panics recovered in a handler, by plugin.
# TYPE tollgate_server_panics_total counter
tollgate_server_panics_total{plugin="test"} 1
`)
	if n := observations(t, r.server.metrics.seconds); n != 2 {
		t.Errorf("the time of %d events is known, want 2", n)
	}
}

func wantMetrics(t *testing.T, c prometheus.Collector, want string) {
	t.Helper()
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// observations is how many a histogram of one plugin has.
func observations(t *testing.T, h prometheus.Collector) (n uint64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(h)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			n += m.GetHistogram().GetSampleCount()
		}
	}
	return n
}

func TestAPluginIsCountedBeforeItsFirstEventAndAStrangerUnderNoNameOfItsOwn(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := New(Config{Plugins: []plugin.Plugin{(&testPlugin{}).plugin()}, Log: slog.New(slog.DiscardHandler), Metrics: registry})
	defer s.Close()
	if n := testutil.CollectAndCount(s.metrics.panics); n != 1 {
		t.Errorf("%d series of panics before the first event, want that of the plugin", n)
	}
	s.metrics.of("a-name-that-kong-sent").events.Inc()
	if n := testutil.ToFloat64(s.metrics.events.WithLabelValues(otherPlugin)); n != 1 {
		t.Errorf("%v events of a plugin that is not served, want 1", n)
	}
	if n := testutil.CollectAndCount(s.metrics.events); n != 2 {
		t.Errorf("%d series of events, want 2", n)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// BenchmarkMetrics is what the metrics of the server add to one event.
func BenchmarkMetrics(b *testing.B) {
	s := New(Config{Plugins: []plugin.Plugin{(&testPlugin{}).plugin()}, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	defer s.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m := s.metrics.of("test")
			m.ended(m.began())
		}
	})
}
