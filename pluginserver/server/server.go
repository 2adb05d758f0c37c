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
	"golang.org/x/time/rate"

	"tollgate/internal/plugin"
	"tollgate/internal/shared"
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
	// Connections is the most at once; zero means DefaultConnections. One more ends the one whose peer has been
	// silent longest.
	Connections int
	// Keep is handed each connection that has served a command and may serve another; nil for none.
	// Another process may then hold a duplicate.
	Keep func(net.Conn) error
	// Instances are the options of the table of instances; zero means its defaults.
	Instances instance.Options
}

// DefaultLimits bound a frame to several times what a thousand headers or a large configuration need, a silence
// to half of Kong's own read timeout of 60 s, and all frames of more than 64 KiB together to what a process can
// spare.
func DefaultLimits() wire.Limits {
	return wire.Limits{Frame: 4 << 20, Patience: 30 * time.Second, Room: shared.NewRoom(64 << 20)}
}

// Of what a peer can cause as often as it likes, the log has so many lines a second, and a few more at first.
// Metrics count all.
const (
	linesPerSecond = 10
	linesAtFirst   = 50
)

// Server serves plugins to Kong.
type Server struct {
	config    Config
	instances *instance.Table
	metrics   *metrics

	draining  atomic.Bool
	crowd     *crowd
	running   sync.WaitGroup
	ended     sync.Pool // of *conn whose connections have ended
	spare     spare
	faultLog  *rate.Limiter // lines about events and connections that fail
	crowdLog  *rate.Limiter // lines about too many connections
	acceptLog *rate.Limiter
}

// New returns a server of the configured plugins.
func New(config Config) *Server {
	if config.Limits == (wire.Limits{}) {
		config.Limits = DefaultLimits()
	}
	if config.Instances == (instance.Options{}) {
		config.Instances = instance.DefaultOptions()
	}
	if config.Connections == 0 {
		config.Connections = DefaultConnections()
	}
	const now, andThen = 1, rate.Limit(0.1) // a line, and one in ten seconds
	s := &Server{
		config:    config,
		instances: instance.NewTable(config.Plugins, config.Log, config.Instances),
		crowd:     newCrowd(),
		spare:     newSpare(),
		faultLog:  rate.NewLimiter(linesPerSecond, linesAtFirst),
		crowdLog:  rate.NewLimiter(andThen, now),
		acceptLog: rate.NewLimiter(andThen, now),
	}
	s.metrics = newMetrics(config.Metrics, s)
	return s
}

// Serve accepts connections until ctx ends, then drains: running events end, idle connections are
// closed, and what is left after the drain period is cut off. It closes the listener, and serves once.
func (s *Server) Serve(ctx context.Context, listener net.Listener, drain time.Duration) error {
	events, cancelEvents := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelEvents()
	stopAccepting := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stopAccepting()

	err := s.accept(ctx, events, listener)
	_ = listener.Close()
	s.spare.dismiss()
	s.drain(drain, cancelEvents)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// accept hands each connection to a goroutine, until ctx ends. Errors such as too many open files pass.
func (s *Server) accept(ctx, events context.Context, listener net.Listener) error {
	const retryAfter = 50 * time.Millisecond
	for {
		nc, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			if s.acceptLog.Allow() {
				s.config.Log.Error("accepting a connection", "error", err)
			}
			time.Sleep(retryAfter)
			continue
		}
		if c := s.admit(ctx, nc); !s.spare.take(c) {
			s.running.Go(func() { s.serve(events, c) })
		}
	}
}

// serve serves a connection, and then others as long as it is wanted.
func (s *Server) serve(ctx context.Context, c *conn) {
	for ok := true; ok; c, ok = s.spare.next() {
		c.serve(ctx)
		s.crowd.remove(c)
		c.stream.Release()
		s.ended.Put(c)
	}
}

// drain lets running events end, for at most the given time; then it ends their context, cuts their
// connections off, and gives them a moment to notice. A handler that does not is left behind.
func (s *Server) drain(atMost time.Duration, cancelEvents context.CancelFunc) {
	const notice = 500 * time.Millisecond
	s.draining.Store(true)
	s.crowd.each((*conn).wakeIfIdle)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
	}()
	if ended(done, atMost) {
		return
	}
	cancelEvents()
	s.crowd.each(func(c *conn) { _ = c.nc.Close() })
	if !ended(done, notice) {
		s.config.Log.Error("events do not end, leaving them behind", "connections", s.crowd.size())
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

// Close gives up the instances and the plugins. Serve must have returned.
func (s *Server) Close() {
	s.instances.Close()
	for _, p := range s.config.Plugins {
		p.Close()
	}
}
