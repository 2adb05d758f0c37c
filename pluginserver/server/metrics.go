package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/pluginserver/instance"
)

// metrics of the server itself. Plugins have their own.
type metrics struct {
	events, failures, panics *prometheus.CounterVec
	seconds                  *prometheus.HistogramVec
	brokenConns, dismissed   prometheus.Counter
	// served are those of the plugins that the server has: an event looks its own up without a lock.
	served map[string]eventMetrics
}

// eventMetrics are those of one plugin's events.
type eventMetrics struct {
	events, failures, panics prometheus.Counter
	seconds                  prometheus.Observer
}

// otherPlugin is the label of a plugin that Kong names and the server does not have: no name from outside
// becomes one.
const otherPlugin = "other"

func newMetrics(reg prometheus.Registerer, s *Server) *metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tollgate", Subsystem: "server", Name: name, Help: help}, []string{"plugin"})
	}
	single := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tollgate", Subsystem: "server", Name: name, Help: help})
	}
	gauge := func(name, help string, read func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "tollgate", Subsystem: "server", Name: name, Help: help},
			func() float64 { return float64(read()) })
	}
	m := &metrics{
		events:   counter("events_total", "Events that Kong sent, by plugin."),
		failures: counter("event_failures_total", "Events answered with 500 because the handler or its connection failed, by plugin."),
		panics:   counter("panics_total", "Panics recovered in a handler, by plugin."),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "tollgate", Subsystem: "server", Name: "event_seconds",
			Help:    "Time that a handler took, what it waited for Kong, Redis and an issuer included, by plugin.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 2, 16), // 50 µs to 1.6 s
		}, []string{"plugin"}),
		brokenConns: single("broken_connections_total", "Connections that ended with an error: garbage, an oversize or half frame, or a silent peer."),
		dismissed:   single("dismissed_connections_total", "Connections ended to make room for others, their peers having been silent longest."),
		served:      map[string]eventMetrics{},
	}
	for _, p := range s.config.Plugins {
		m.served[p.Name] = m.labelled(p.Name) // at 0: the first of a kind is a change, too
	}
	reg.MustRegister(m.events, m.failures, m.panics, m.seconds, m.brokenConns, m.dismissed, dropped(s.instances),
		gauge("instances", "Plugin instances that Kong has started.", s.instances.Len),
		gauge("refused_instances", "Plugin instances whose configuration was refused: each of their requests gets 500.", s.instances.Refused),
		gauge("configurations", "Distinct configurations compiled and held.", s.instances.Compiled),
		gauge("connections", "Open connections from Kong's workers.", s.crowd.size),
		gauge("connections_limit", "The most connections at once.", func() int { return s.config.Connections }))
	return m
}

// of returns the metrics of a plugin's events.
func (m *metrics) of(plugin string) eventMetrics {
	if found, ok := m.served[plugin]; ok {
		return found
	}
	return m.labelled(otherPlugin)
}

func (m *metrics) labelled(plugin string) eventMetrics {
	return eventMetrics{
		events: m.events.WithLabelValues(plugin), failures: m.failures.WithLabelValues(plugin),
		panics: m.panics.WithLabelValues(plugin), seconds: m.seconds.WithLabelValues(plugin),
	}
}

// began counts an event, and returns when it came.
func (e eventMetrics) began() time.Time {
	e.events.Inc()
	return time.Now()
}

// ended notes how long the handler took.
func (e eventMetrics) ended(began time.Time) { e.seconds.Observe(time.Since(began).Seconds()) }

// dropped counts the instances that were dropped before Kong closed them.
func dropped(table *instance.Table) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "tollgate", Subsystem: "server",
		Name: "instances_dropped_total", Help: "Instances dropped to make room for others; Kong starts those that it wants again."},
		func() float64 { return float64(table.Dropped()) })
}
