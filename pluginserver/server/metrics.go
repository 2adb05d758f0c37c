package server

import "github.com/prometheus/client_golang/prometheus"

// metrics of the server itself. Plugins have their own.
type metrics struct {
	events, failures, panics *prometheus.CounterVec
	brokenConns              prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, s *Server) *metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tollgate", Subsystem: "server", Name: name, Help: help}, []string{"plugin"})
	}
	gauge := func(name, help string, read func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "tollgate", Subsystem: "server", Name: name, Help: help},
			func() float64 { return float64(read()) })
	}
	m := &metrics{
		events:   counter("events_total", "Events that Kong sent, by plugin."),
		failures: counter("event_failures_total", "Events answered with 500 because the handler or its connection failed, by plugin."),
		panics:   counter("panics_total", "Panics recovered in a handler, by plugin."),
		brokenConns: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tollgate", Subsystem: "server",
			Name: "broken_connections_total", Help: "Connections that ended with an error: garbage, an oversize or half frame, or a silent peer."}),
	}
	reg.MustRegister(m.events, m.failures, m.panics, m.brokenConns,
		gauge("instances", "Plugin instances that Kong has started.", s.instances.Len),
		gauge("configurations", "Distinct configurations compiled and held.", s.instances.Compiled),
		gauge("connections", "Open connections from Kong's workers.", s.connections))
	return m
}
