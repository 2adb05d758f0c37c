package bench

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Kong/go-pdk"
	stock "github.com/Kong/go-pdk/server"
	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	"tollgate/pluginserver/server"
	"tollgate/pluginserver/wiretest"
	"tollgate/test/cputime"
	"tollgate/test/eventually"
)

// The test binary plays the servers too, each in a process of its own.
const (
	serverEnv  = "TOLLGATE_BENCH_SERVER"  // a key of servers
	handlerEnv = "TOLLGATE_BENCH_HANDLER" // a handler, or a plugin
	configEnv  = "TOLLGATE_BENCH_CONFIG"  // of a plugin on go-pdk's server
	folderEnv  = "TOLLGATE_BENCH_FOLDER"
)

// servers are what a process can be, and how it serves in a folder.
func servers() map[string]func(folder, name string) error {
	return map[string]func(folder, name string) error{
		"ours":         serveHandler,
		"stock":        serveStockHandler,
		"plugin":       servePlugin,
		"plugin/stock": serveStockPlugin,
	}
}

func TestMain(m *testing.M) {
	serve, ok := servers()[os.Getenv(serverEnv)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := serve(os.Getenv(folderEnv), os.Getenv(handlerEnv)); err != nil {
		panic(err)
	}
}

// handler is one handler, written against go-pdk alone so that both servers run the same.
type handler func(*pdk.PDK)

func handlers() map[string]handler {
	return map[string]handler{
		"empty":    func(*pdk.PDK) {},
		"consumer": func(k *pdk.PDK) { _, _ = k.Client.GetConsumer() },
		"consumer+7headers": func(k *pdk.PDK) {
			_, _ = k.Client.GetConsumer()
			_ = k.Response.SetHeaders(map[string][]string{
				"X-RateLimit-Limit-Second": {"20"}, "X-RateLimit-Remaining-Second": {"19"}, "X-RateLimit-Limit-Day": {"50000"},
				"X-RateLimit-Remaining-Day": {"49999"}, "RateLimit-Limit": {"20"}, "RateLimit-Remaining": {"19"}, "RateLimit-Reset": {"1"},
			})
		},
		"denial": func(k *pdk.PDK) {
			_, _ = k.Client.GetConsumer()
			k.Response.Exit(http.StatusTooManyRequests, []byte(`{"title":"Too Many Requests"}`), map[string][]string{"Retry-After": {"1"}})
		},
		"6 silent calls": func(k *pdk.PDK) {
			for range 6 {
				_ = k.ServiceRequest.ClearHeader("X-Consumer-Id")
			}
		},
	}
}

// stockPlugin is the handler as go-pdk's server wants it.
type stockPlugin struct{ handle handler }

func (p *stockPlugin) Access(k *pdk.PDK) { p.handle(k) }

// ourPlugin is the handler as our server wants it.
type ourPlugin struct{ handle handler }

func (p ourPlugin) Access(_ context.Context, r *kong.Request) { p.handle(r.PDK) }
func (ourPlugin) Close()                                      {}

// serveHandler serves a handler on our server.
func serveHandler(folder, name string) error {
	handle := handlers()[name]
	return serve(folder, plugin.Plugin{
		Name: "bench", Schema: schema.Plugin{Name: "bench"}, Close: func() {},
		Build: func([]byte) (plugin.Handler, error) { return ourPlugin{handle}, nil },
	})
}

// serve serves a plugin on our server.
func serve(folder string, p plugin.Plugin) error {
	if err := tellAllocs(folder); err != nil {
		return err
	}
	s := server.New(server.Config{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Plugins: []plugin.Plugin{p}})
	listener, err := server.Listen(filepath.Join(folder, "socket"), 0o600)
	if err != nil {
		return err
	}
	return s.Serve(context.Background(), listener, time.Second)
}

// serveStockHandler serves a handler on go-pdk's server.
func serveStockHandler(folder, name string) error {
	handle := handlers()[name]
	return serveStock(folder, func() any { return &stockPlugin{handle} })
}

func serveStock(folder string, build func() any) error {
	if err := tellAllocs(folder); err != nil {
		return err
	}
	os.Args = []string{os.Args[0], "-kong-prefix", folder}
	return stock.StartServer(build, "0.1.0", 1)
}

// startServer starts one of the servers and returns its process id and its socket.
func startServer(b *testing.B, which, handlerName string, env ...string) (pid int, socket string) {
	b.Helper()
	folder := b.TempDir()
	socket = filepath.Join(folder, "socket")
	if strings.HasSuffix(which, "stock") {
		socket = filepath.Join(folder, filepath.Base(os.Args[0])+".socket")
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), serverEnv+"="+which, handlerEnv+"="+handlerName, folderEnv+"="+folder), env...)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually.Holds(b, 5*time.Second, "an answer on "+socket, func() bool {
		c, err := wiretest.Dial(socket)
		return err == nil && c.Close() == nil
	})
	return cmd.Process.Pid, socket
}

// cpuTime is what a process has used so far.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	used, err := cputime.Of(pid)
	if err != nil {
		b.Fatal(err)
	}
	return used
}
