package status

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestHandler(t *testing.T) {
	metrics := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "tollgate_test_total", Help: "A test."})
	metrics.MustRegister(counter)
	counter.Inc()
	var notReady error
	options := Options{
		Metrics: metrics, Ready: func() error { return notReady },
		Build:    map[string]string{"version": "v1"},
		Sections: map[string]func() any{"some-plugin": func() any { return map[string]int{"keys": 3} }},
	}
	h := Handler(options)

	if code, body := get(t, h, "/metrics"); code != http.StatusOK || !strings.Contains(body, "tollgate_test_total 1") {
		t.Errorf("/metrics: %d %s", code, body)
	}
	const state = "{\n  \"build\": {\n    \"version\": \"v1\"\n  },\n  \"plugins\": {\n    \"some-plugin\": {\n      \"keys\": 3\n    }\n  }\n}\n"
	if code, body := get(t, h, "/status"); code != http.StatusOK || body != state {
		t.Errorf("/status: %d %s", code, body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := get(t, h, path); code != http.StatusOK || body != "ok\n" {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
	notReady = errors.New("not taking events")
	if code, body := get(t, h, "/readyz"); code != http.StatusServiceUnavailable || body != "not taking events\n" {
		t.Errorf("/readyz: %d %q", code, body)
	}
	if code, _ := get(t, h, "/healthz"); code != http.StatusOK {
		t.Errorf("/healthz while not ready: %d", code)
	}
	if code, _ := get(t, h, "/debug/pprof/"); code != http.StatusNotFound {
		t.Errorf("profiles without being asked for: %d", code)
	}
	options.Profiles = true
	if code, _ := get(t, Handler(options), "/debug/pprof/goroutine?debug=1"); code != http.StatusOK {
		t.Errorf("profiles: %d", code)
	}
}

func TestWhatNobodyTellsIsAnEmptyState(t *testing.T) {
	if code, body := get(t, Handler(Options{Metrics: prometheus.NewRegistry()}), "/status"); code != http.StatusOK || body != "{\n  \"plugins\": {}\n}\n" {
		t.Errorf("/status: %d %s", code, body)
	}
}

func TestAStateThatIsNoJSONIsAnError(t *testing.T) {
	broken := Options{Metrics: prometheus.NewRegistry(), Sections: map[string]func() any{"some-plugin": func() any { return func() {} }}}
	if code, body := get(t, Handler(broken), "/status"); code != http.StatusInternalServerError || body != "the state cannot be encoded\n" {
		t.Errorf("/status: %d %s", code, body)
	}
}
