package bench

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
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
	serverEnv  = "TOLLGATE_BENCH_SERVER" // ours, stock, or plugin: ours with a plugin of the product
	handlerEnv = "TOLLGATE_BENCH_HANDLER"
	folderEnv  = "TOLLGATE_BENCH_FOLDER"
)

func TestMain(m *testing.M) {
	handle := handlers()[os.Getenv(handlerEnv)]
	folder := os.Getenv(folderEnv)
	switch os.Getenv(serverEnv) {
	case "ours":
		serveOurs(filepath.Join(folder, "socket"), handle)
	case "plugin":
		servePlugin(filepath.Join(folder, "socket"), os.Getenv(handlerEnv))
	case "stock":
		os.Args = []string{os.Args[0], "-kong-prefix", folder}
		if err := stock.StartServer(func() any { return &stockPlugin{handle} }, "0.1.0", 1); err != nil {
			panic(err)
		}
	default:
		os.Exit(m.Run())
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

func serveOurs(socket string, handle handler) {
	s := server.New(server.Config{
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Plugins: []plugin.Plugin{{
			Name: "bench", Schema: schema.Plugin{Name: "bench"}, Close: func() {},
			Build: func([]byte) (plugin.Handler, error) { return ourPlugin{handle}, nil },
		}},
	})
	listener, err := server.Listen(socket, 0o600)
	if err != nil {
		panic(err)
	}
	if err := s.Serve(context.Background(), listener, time.Second); err != nil {
		panic(err)
	}
}

// startServer starts one of the two servers and returns its process id and its socket.
func startServer(b *testing.B, which, handlerName string) (pid int, socket string) {
	b.Helper()
	folder := b.TempDir()
	socket = filepath.Join(folder, "socket")
	if which == "stock" {
		socket = filepath.Join(folder, filepath.Base(os.Args[0])+".socket")
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"="+which, handlerEnv+"="+handlerName, folderEnv+"="+folder)
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
