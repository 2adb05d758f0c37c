package kongsim

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/test/kongsim/internal/nginx"
)

// Gateway is a running stand-in for Kong. Start makes one, Close ends it.
type Gateway struct {
	options   Options
	plugins   []*plugin
	pdk       map[string]method
	realIP    *nginx.RealIP
	workers   *workers
	transport *http.Transport
	errors    *errorLog
	access    *accessLog
	counters  counters
	nodeID    string
	port      int

	snapshot  atomic.Pointer[snapshot]
	loadedAt  atomic.Int64 // in seconds, the created_at of what was loaded
	reloading sync.Mutex
	seq       int64 // the last __seq__ given, guarded by reloading

	server   *http.Server
	serving  sync.WaitGroup
	ctx      context.Context // ends when requests are to be given up
	giveUp   context.CancelFunc
	listener net.Listener
}

// Start queries the plugin servers, loads the configuration and listens. The
// context limits the start alone. An error names every problem it can.
func Start(ctx context.Context, options Options) (*Gateway, error) {
	o := options.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("kongsim options: %w", err)
	}
	g, err := newGateway(ctx, o)
	if err != nil {
		return nil, err
	}
	source, err := o.config()
	if err != nil {
		return nil, fmt.Errorf("declarative config: %w", err)
	}
	if err := g.load(source); err != nil {
		return nil, err
	}
	if err := g.listen(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

func newGateway(ctx context.Context, o Options) (*Gateway, error) {
	errorLog := newErrorLog(o.ErrorLog, o.LogLevel)
	realIP, err := nginx.NewRealIP(o.TrustedIPs, o.RealIPHeader, o.RealIPRecursive)
	if err != nil {
		return nil, err
	}
	plugins, err := loadPlugins(ctx, o, errorLog)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		options: o, plugins: plugins, pdk: pdkMethods(), realIP: realIP, workers: &workers{},
		transport: newTransport(), errors: errorLog, access: &accessLog{out: o.AccessLog},
		counters: counters{calls: map[string]int{}}, nodeID: newNodeID(),
	}
	for i := range o.Workers {
		g.workers.all = append(g.workers.all, newWorker(i, o, plugins))
	}
	g.ctx, g.giveUp = context.WithCancel(context.Background())
	return g, nil
}

func (g *Gateway) listen(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", g.options.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	g.listener = listener
	g.port = listener.Addr().(*net.TCPAddr).Port
	g.server = &http.Server{
		Handler:           g,
		ReadHeaderTimeout: time.Minute, // nginx's client_header_timeout
		ErrorLog:          log.New(g.options.ErrorLog, "", log.LstdFlags),
	}
	g.serving.Go(func() {
		if err := g.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			g.errors.writef("crit", "serving: %v", err)
		}
	})
	return nil
}

// ServeHTTP handles one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.serving.Add(1)
	defer g.serving.Done()
	x := newExchange(g, w, r)
	defer x.end()
	x.run()
	x.body.remove()
	x.writeAccessLog()
	// The client has its answer before abandoned connections are closed.
	_ = http.NewResponseController(w).Flush()
}

// URL is where the gateway listens.
func (g *Gateway) URL() string { return "http://" + g.listener.Addr().String() }

// Counters are the counts so far.
func (g *Gateway) Counters() Counters { return g.counters.snapshot() }

// Close stops listening, waits for requests up to the drain timeout, gives up
// those that remain and returns when nothing of the gateway runs any more.
func (g *Gateway) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), g.options.DrainTimeout)
	defer cancel()
	err := g.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = g.server.Close()
	}
	g.giveUp()
	g.workers.close()
	g.transport.CloseIdleConnections()
	g.serving.Wait()
	return err
}

func newNodeID() string {
	id := newRequestID()
	return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-8" + id[17:20] + "-" + id[20:]
}
