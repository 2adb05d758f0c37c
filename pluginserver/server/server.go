package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
	"tollgate/pluginserver/instance"
	"tollgate/pluginserver/wire"
)

// Config of a Server.
type Config struct {
	Plugins []plugin.Plugin
	Log     *slog.Logger
	Metrics prometheus.Registerer
	// Limits bound frames and waiting; zero means DefaultLimits.
	Limits wire.Limits
	// Keep is handed each connection that has served a command and may serve another; nil for none.
	// Another process may then hold a duplicate.
	Keep func(net.Conn) error
	// Instances are the options of the table of instances; zero means its defaults.
	Instances instance.Options
}

// DefaultLimits bound a frame to what a request body or a large configuration needs, and a silence
// to half of Kong's own read timeout of 60 s.
func DefaultLimits() wire.Limits {
	return wire.Limits{Frame: 16 << 20, Patience: 30 * time.Second}
}

// Server serves plugins to Kong.
type Server struct {
	config    Config
	instances *instance.Table
	metrics   *metrics

	draining atomic.Bool
	mu       sync.Mutex
	conns    map[*conn]struct{}
	running  sync.WaitGroup
	ended    sync.Pool // of *conn whose connections have ended
}

// New returns a server of the configured plugins.
func New(config Config) *Server {
	if config.Limits == (wire.Limits{}) {
		config.Limits = DefaultLimits()
	}
	if config.Instances == (instance.Options{}) {
		config.Instances = instance.DefaultOptions()
	}
	s := &Server{
		config:    config,
		instances: instance.NewTable(config.Plugins, config.Log, config.Instances),
		conns:     map[*conn]struct{}{},
	}
	s.metrics = newMetrics(config.Metrics, s)
	return s
}

// Serve accepts connections until ctx ends, then drains: running events end, idle connections are
// closed, and what is left after the drain period is cut off. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener, drain time.Duration) error {
	events, cancelEvents := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelEvents()
	stopAccepting := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stopAccepting()

	err := s.accept(events, listener)
	_ = listener.Close()
	s.drain(drain, cancelEvents)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// accept hands each connection to a goroutine of its own. Errors such as too many open files pass.
func (s *Server) accept(ctx context.Context, listener net.Listener) error {
	const retryAfter = 50 * time.Millisecond
	for {
		nc, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.config.Log.Error("accepting a connection", "error", err)
			time.Sleep(retryAfter)
			continue
		}
		c := s.newConn(nc)
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.running.Go(func() {
			c.serve(ctx)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
			s.ended.Put(c)
		})
	}
}

// drain lets running events end, for at most the given time; then it ends their context, cuts their
// connections off, and gives them a moment to notice. A handler that does not is left behind.
func (s *Server) drain(atMost time.Duration, cancelEvents context.CancelFunc) {
	const notice = 500 * time.Millisecond
	s.draining.Store(true)
	s.eachConn((*conn).wakeIfIdle)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
	}()
	if ended(done, atMost) {
		return
	}
	cancelEvents()
	s.eachConn(func(c *conn) { _ = c.nc.Close() })
	if !ended(done, notice) {
		s.config.Log.Error("events do not end, leaving them behind", "connections", s.connections())
	}
}

func ended(done <-chan struct{}, atMost time.Duration) bool {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

func (s *Server) eachConn(do func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		do(c)
	}
}

// Close gives up the instances and the plugins. Serve must have returned.
func (s *Server) Close() {
	s.instances.Close()
	for _, p := range s.config.Plugins {
		p.Close()
	}
}

func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
