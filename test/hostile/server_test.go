package hostile

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"tollgate/internal/plugin"
	"tollgate/pluginserver/instance"
	"tollgate/pluginserver/registry"
	"tollgate/pluginserver/server"
	"tollgate/pluginserver/wire"
	"tollgate/pluginserver/wiretest"
)

func TestMain(m *testing.M) {
	if path, ok := os.LookupEnv(dialEnv); ok {
		os.Exit(dialAs(path))
	}
	// A pool of go-redis that was closed while its Redis is away looks once more, a second later.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// patience is how long a test waits for what the server does.
const patience = time.Minute

// Small limits, so that a test reaches them soon.
const (
	connections = 32
	instances   = 64
)

// victim is a plugin server with all plugins on a socket of its own.
type victim struct {
	tb      testing.TB
	socket  string
	log     *lockedBuffer
	metrics *prometheus.Registry
}

// start serves until the test ends.
func start(tb testing.TB, limits wire.Limits) *victim {
	tb.Helper()
	v := &victim{tb: tb, socket: filepath.Join(tb.TempDir(), "s"), log: &lockedBuffer{}, metrics: prometheus.NewRegistry()}
	log := slog.New(slog.NewTextHandler(v.log, nil))
	plugins, err := registry.Open(nil, plugin.Deps{Log: log, Metrics: v.metrics, Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	options := instance.DefaultOptions()
	options.Instances = instances
	s := server.New(server.Config{
		Plugins: plugins, Log: log, Metrics: v.metrics, Limits: limits, Connections: connections, Instances: options,
	})
	listener, err := server.Listen(v.socket, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, listener, time.Second) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("serving: %v", err)
		}
		s.Close()
	})
	return v
}

// dial returns a connection that ends with the test.
func (v *victim) dial() *wiretest.Client {
	v.tb.Helper()
	c, err := wiretest.Dial(v.socket)
	if err != nil {
		v.tb.Fatal(err)
	}
	v.tb.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// metric is the sum of a metric's series, and how many these are.
func (v *victim) metric(name string) (sum float64, series int) {
	v.tb.Helper()
	families, err := v.metrics.Gather()
	if err != nil {
		v.tb.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			series++
		}
	}
	return sum, series
}

// lockedBuffer is a buffer that many may write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
