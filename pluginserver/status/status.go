// Package status is the plugin server's HTTP listener for operators: metrics, health and profiles.
package status

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options of Handler.
type Options struct {
	Metrics prometheus.Gatherer
	// Ready tells why the server does not take events, nil when it does.
	Ready func() error
	// Build says which build it is, in /status.
	Build any
	// Sections tell of the plugins' state, by their names, in /status: each returns what encodes as JSON.
	Sections map[string]func() any
	// Profiles serves /debug/pprof, which tells strangers too much to be on by default.
	Profiles bool
}

// Handler serves /metrics, /healthz (the process runs), /readyz (it takes events, else 503), /status (the
// build, and what the plugins tell of their state) and, where asked for, /debug/pprof.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, o.Ready()) })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { tell(w, o) })
	if o.Profiles {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ok\n"
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = err.Error() + "\n"
	}
	_, _ = w.Write([]byte(text))
}

// document is the body of /status.
type document struct {
	Build   any            `json:"build,omitempty"`
	Plugins map[string]any `json:"plugins"`
}

func tell(w http.ResponseWriter, o Options) {
	d := document{Build: o.Build, Plugins: make(map[string]any, len(o.Sections))}
	for name, section := range o.Sections {
		d.Plugins[name] = section()
	}
	body, err := json.MarshalIndent(d, "", "  ")
	if err != nil { // a plugin's mistake
		http.Error(w, "the state cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n'))
}
