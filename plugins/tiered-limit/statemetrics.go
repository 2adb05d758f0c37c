package tieredlimit

import "github.com/prometheus/client_golang/prometheus"

// gauges are the metrics of the sites' state, which are asked for when they are read: of a Redis that no
// configuration names any more there are none.
type gauges struct {
	sites                             *sites
	up, nodes, counts, debts, denials *prometheus.Desc
}

var _ prometheus.Collector = (*gauges)(nil)

func newGauges(s *sites) *gauges {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("tollgate_tiered_limit_"+name, help, []string{"target"}, nil)
	}
	return &gauges{
		sites: s,
		up: gauge("redis_up",
			"Whether Redis answers: 1 it does, 0 it does not or has not yet, and between them the part of a Cluster's masters that does."),
		nodes:   gauge("live_nodes", "Gateways that share Redis, as it has last counted them; 0 before its first answer."),
		counts:  gauge("local_counts", "Counts of which this gateway knows, or admits a part of, itself."),
		debts:   gauge("debts_waiting", "Requests admitted without Redis that it is still to be told of."),
		denials: gauge("denials", "Exhausted consumers that are refused from memory."),
	}
}

// Describe names the metrics.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{g.up, g.nodes, g.counts, g.debts, g.denials} {
		out <- d
	}
}

// Collect reads them.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	g.sites.each(func(one *site, connections []*connection) {
		up, denials := 1.0, int64(0)
		for _, c := range connections {
			up = min(up, c.guard.up())
			denials += c.denials.size.Load()
		}
		_, requests := one.local.owed()
		tell := func(d *prometheus.Desc, value float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, one.name)
		}
		tell(g.up, up)
		tell(g.nodes, float64(one.local.peers.seen.Load()))
		tell(g.counts, float64(one.local.size.Load()))
		tell(g.debts, float64(requests))
		tell(g.denials, float64(denials))
	})
}
