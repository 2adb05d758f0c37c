package command

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tollgate/internal/plugin"
	"tollgate/pluginserver/build"
	"tollgate/pluginserver/process"
	"tollgate/pluginserver/registry"
	"tollgate/pluginserver/server"
	"tollgate/pluginserver/status"
)

// drainTime is how long running events have after a signal to stop.
const drainTime = 5 * time.Second

// serve serves until a signal to stop, then drains.
func serve(ctx context.Context, s *settings) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	defer stop()
	log, err := s.logger()
	if err != nil {
		return err
	}
	mode, err := s.mode()
	if err != nil {
		return err
	}
	info := build.Read()
	log.Info("starting", "version", info.Version, "revision", info.Revision, "go", info.Go)
	ballast := newBallast()
	defer runtime.KeepAlive(ballast)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info.Metric())
	plugins, err := registry.Open(s.plugins, plugin.Deps{Log: log, Metrics: metrics, Now: s.now})
	if err != nil {
		return err
	}
	keep, err := process.Keep()
	if err != nil {
		return err
	}
	srv := server.New(server.Config{Plugins: plugins, Log: log, Metrics: metrics, Keep: keep})
	defer srv.Close()
	var taking atomic.Bool // events
	defer s.serveStatus(log, metrics, plugins, &taking)()

	listener, err := s.listen(ctx, func() (net.Listener, error) { return server.Listen(s.socketPath(), mode) })
	if err != nil {
		return err
	}
	log.Info("serving", "socket", s.socketPath(), "plugins", names(plugins))
	taking.Store(true)
	context.AfterFunc(ctx, func() { taking.Store(false) })
	err = srv.Serve(ctx, listener, drainTime)
	log.Info("stopped")
	return err
}

// newBallast returns memory that is never touched and so never takes RAM, but counts as live for the garbage
// collector, which runs when the heap has grown to twice of that. A server whose live heap is a few megabytes
// would otherwise collect many times a second (plugins/tiered-limit/BENCH.md); one whose caches are full
// collects as if there were none.
func newBallast() []byte {
	const size = 32 << 20
	return make([]byte, size)
}

// listen binds the socket. After a reload by Kong the new server comes while the old one still
// answers, for about ten seconds: it waits for the socket then, and takes it as soon as it is free.
func (s *settings) listen(ctx context.Context, bind func() (net.Listener, error)) (net.Listener, error) {
	const step = 10 * time.Millisecond
	for {
		listener, err := bind()
		if !s.waitForSocket || !errors.Is(err, server.ErrInUse) {
			return listener, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(step):
		}
	}
}

// serveStatus starts the HTTP listener for operators, where there is to be one. Without it the plugins
// serve all the same: a port that is taken must not stop the traffic.
func (s *settings) serveStatus(log *slog.Logger, metrics prometheus.Gatherer, plugins []plugin.Plugin, taking *atomic.Bool) (stop func()) {
	if s.status == "" {
		return func() {}
	}
	listener, err := net.Listen("tcp", s.status)
	if err != nil {
		log.Error("no status listener: metrics and health cannot be asked for", "error", err)
		return func() {}
	}
	ready := func() error {
		if !taking.Load() {
			return errors.New("not taking events: starting or stopping")
		}
		return nil
	}
	const headerTime = 5 * time.Second
	httpServer := &http.Server{
		Handler: status.Handler(status.Options{
			Metrics: metrics, Ready: ready, Build: build.Read(), Sections: sections(plugins), Profiles: s.profiles,
		}),
		ReadHeaderTimeout: headerTime,
	}
	go func() {
		if err := httpServer.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("status listener", "error", err)
		}
	}()
	log.Info("status", "address", listener.Addr().String())
	return func() { _ = httpServer.Close() }
}

// sections are what the plugins tell operators of their state, by plugin.
func sections(plugins []plugin.Plugin) map[string]func() any {
	out := map[string]func() any{}
	for _, p := range plugins {
		if p.Status != nil {
			out[p.Name] = p.Status
		}
	}
	return out
}

func names(plugins []plugin.Plugin) []string {
	out := make([]string, 0, len(plugins))
	for _, p := range plugins {
		out = append(out, p.Name)
	}
	return out
}
