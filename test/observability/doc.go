// Package observability holds what operators look at to what the plugin server tells: the dashboard of
// kong/grafana, the alerts and the table of metrics of kong/prometheus. The tests read them from the repository and
// compare them with a sandbox that has seen traffic of each kind, an outage of Redis among it. Prometheus and its
// promtool are Debian's; Grafana is not to be had there, so that the dashboard's look is not tested.
package observability
