package headerguard

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
)

func TestPluginIsWhatKongHasToKnow(t *testing.T) {
	p := New(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	if p.Name != "header-guard" || p.Version != "0.1.0" || p.Priority != 1990 || p.Schema.Name != p.Name {
		t.Errorf("plugin %s %s, priority %d, schema %s", p.Name, p.Version, p.Priority, p.Schema.Name)
	}
	if _, err := p.Build([]byte(`{"rules":[{"header":"a","match":"("}]}`)); err == nil {
		t.Error("a configuration that is not valid was built")
	}
}
