package headerguard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
)

var standNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// stand is the plugin with one configuration and what it says to the process.
type stand struct {
	handler  plugin.Handler
	metrics  *metrics
	registry *prometheus.Registry
	log      bytes.Buffer
}

func standOf(t *testing.T, config string) *stand {
	t.Helper()
	s := &stand{registry: prometheus.NewRegistry()}
	p := New(plugin.Deps{
		Log: slog.New(slog.NewTextHandler(&s.log, nil)), Metrics: s.registry, Now: func() time.Time { return standNow },
	})
	h, err := p.Build([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(); p.Close() })
	s.handler, s.metrics = h, h.(*handler).metrics
	return s
}

func (s *stand) run(t *testing.T, k *kongtest.Kong) kongtest.Outcome {
	t.Helper()
	return k.Run(t, s.handler)
}

// kongWith is Kong with a request of these headers.
func kongWith(h headers) *kongtest.Kong {
	return &kongtest.Kong{
		Headers: h, PeerIP: "10.0.0.5", ForwardedIP: "192.0.2.1",
		Vars: map[string]string{"request": "GET /orders/7?key=1 HTTP/1.1"},
	}
}

// decided fails the test unless this is the one request that was counted.
func (s *stand) decided(t *testing.T, want decision) {
	t.Helper()
	for d, counter := range s.metrics.decisions {
		if n := testutil.ToFloat64(counter); (n == 1) != (d == want) || n > 1 {
			t.Errorf("%v requests were %s, want the one to be %s", n, d, want)
		}
	}
}

// everything is all that the plugin let out, to anyone.
func (s *stand) everything(t *testing.T, out kongtest.Outcome) string {
	t.Helper()
	var all strings.Builder
	if out.Exit != nil {
		fmt.Fprintf(&all, "%d %v %s\n", out.Exit.Status, out.Exit.Headers, out.Exit.Body)
	}
	fmt.Fprintf(&all, "%+v %s\n", out, &s.log)
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		fmt.Fprintln(&all, family)
	}
	return all.String()
}

// object reads one JSON object.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}
