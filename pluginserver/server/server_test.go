package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"tollgate/internal/kong"
	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	"tollgate/pluginserver/wire"
	"tollgate/pluginserver/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handlerFunc is a handler for tests.
type handlerFunc struct {
	access func(ctx context.Context, r *kong.Request)
	closed *atomic.Int32
}

func (h handlerFunc) Access(ctx context.Context, r *kong.Request) { h.access(ctx, r) }
func (h handlerFunc) Close()                                      { h.closed.Add(1) }

// testPlugin is a plugin of one handler. It counts what is built and closed.
type testPlugin struct {
	access        func(ctx context.Context, r *kong.Request)
	built, closed atomic.Int32
}

func (p *testPlugin) plugin() plugin.Plugin {
	return plugin.Plugin{
		Name: "test", Version: "0.1.0", Priority: 7, Schema: schema.Plugin{Name: "test"},
		Build: func(config []byte) (plugin.Handler, error) {
			switch {
			case strings.Contains(string(config), "bad"):
				return nil, errors.New("bad: must not be given")
			case strings.Contains(string(config), "panic"):
				panic("boom")
			}
			p.built.Add(1)
			return handlerFunc{p.access, &p.closed}, nil
		},
		Close: func() {},
	}
}

// running is a server on a socket of its own.
type running struct {
	t      *testing.T
	socket string
	log    *syncBuffer
	server *Server
	stop   func()
}

func start(t *testing.T, access func(context.Context, *kong.Request)) *running {
	t.Helper()
	return startPlugin(t, &testPlugin{access: access}, wire.Limits{})
}

func startPlugin(t *testing.T, p *testPlugin, limits wire.Limits) *running {
	t.Helper()
	r := &running{t: t, socket: filepath.Join(t.TempDir(), "s"), log: &syncBuffer{}}
	r.server = New(Config{
		Plugins: []plugin.Plugin{p.plugin()}, Log: slog.New(slog.NewTextHandler(r.log, nil)),
		Metrics: prometheus.NewRegistry(), Limits: limits,
	})
	listener, err := Listen(r.socket, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.server.Serve(ctx, listener, time.Second) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serving: %v", err)
		}
		r.server.Close()
	}
	t.Cleanup(r.stop)
	return r
}

func (r *running) dial() *wiretest.Client {
	r.t.Helper()
	c, err := wiretest.Dial(r.socket)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

func (r *running) instance(c *wiretest.Client, config string) int32 {
	r.t.Helper()
	id, err := c.Start("test", config)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func nothing(string, []byte) []byte { return nil }

func TestAnEventIsHandledAndTheConnectionServesTheNext(t *testing.T) {
	r := start(t, func(_ context.Context, req *kong.Request) {
		ip, err := req.Client.GetIp()
		_ = req.SetResponseHeaders(kong.Header{Name: "ip", Value: fmt.Sprint(ip, err)})
	})
	c := r.dial()
	id := r.instance(c, `{"__seq__":1}`)
	for range 3 {
		var methods []string
		_, err := c.Event(id, func(method string, args []byte) []byte {
			methods = append(methods, method)
			if method == "kong.client.get_ip" {
				data, _ := proto.Marshal(&pb.String{V: "192.0.2.1"})
				return data
			}
			if !strings.Contains(string(args), "192.0.2.1<nil>") {
				t.Errorf("%s got %q", method, args)
			}
			return nil
		})
		if err != nil || len(methods) != 2 {
			t.Fatalf("calls %q, error %v", methods, err)
		}
	}
}

func TestAPanicIsAnsweredWith500AndLogged(t *testing.T) {
	for when, access := range map[string]func(context.Context, *kong.Request){
		"at once":            func(context.Context, *kong.Request) { panic("boom") },
		"after silent calls": func(_ context.Context, r *kong.Request) { _ = r.Log.Warn("x"); panic("boom") },
		"after a reply":      func(_ context.Context, r *kong.Request) { _, _ = r.Client.GetIp(); panic("boom") },
	} {
		r := start(t, access)
		c := r.dial()
		exit, err := c.Event(r.instance(c, `{}`), nothing)
		if !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 500 {
			t.Fatalf("%s: status %d, error %v", when, exit.GetStatus(), err)
		}
		r.stop()
		if log := r.log.String(); !strings.Contains(log, "boom") || !strings.Contains(log, "server_test.go") {
			t.Errorf("%s: the log lacks the cause or the stack: %s", when, log)
		}
		if strings.Contains(string(exit.GetBody()), "boom") {
			t.Errorf("%s: the client is told the cause: %s", when, exit.GetBody())
		}
	}
}

func TestAnExitClosesTheConnectionAfterKongsReplies(t *testing.T) {
	r := start(t, func(_ context.Context, req *kong.Request) {
		_ = req.Log.Warn("why")
		req.Exit(429, []byte("no"))
	})
	c := r.dial()
	exit, err := c.Event(r.instance(c, `{}`), nothing) // fails where the reply cannot be written
	if !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 429 {
		t.Fatalf("status %d, error %v", exit.GetStatus(), err)
	}
	if _, err := c.ReadFrame(); !errors.Is(err, io.EOF) {
		t.Errorf("after the exit: %v, want io.EOF", err)
	}
}

func TestAnUnknownInstanceClosesTheConnection(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	c := r.dial()
	id := r.instance(c, `{}`)
	if _, err := c.Event(id+1, nothing); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want io.EOF", err)
	}
}

func TestARefusedConfigurationAnswers500AndSaysWhyInKongsLog(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	for config, want := range map[string]string{`{"bad":1}`: "bad: must not be given", `{`: "reading the configuration", `[]`: "reading the configuration", `{"panic":1}`: "panic: boom"} {
		c := r.dial()
		var logged string
		exit, err := c.Event(r.instance(c, config), func(method string, args []byte) []byte {
			if method == "kong.log.err" {
				logged = string(args)
			}
			return nil
		})
		if !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 500 {
			t.Fatalf("%s: status %d, error %v", config, exit.GetStatus(), err)
		}
		if !strings.Contains(logged, want) {
			t.Errorf("%s: logged %q, want %q", config, logged, want)
		}
	}
}

func TestAnUnknownPluginAnswers500(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	c := r.dial()
	id, err := c.Start("unheard-of", `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := c.Event(id, nothing); !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 500 {
		t.Errorf("status %d, error %v", exit.GetStatus(), err)
	}
}

func TestAnotherPhaseAnswers500(t *testing.T) {
	r := start(t, func(context.Context, *kong.Request) {})
	c := r.dial()
	if exit, err := c.Phase(r.instance(c, `{}`), "log", nothing); !errors.Is(err, wiretest.ErrExited) || exit.GetStatus() != 500 {
		t.Errorf("status %d, error %v", exit.GetStatus(), err)
	}
}

func TestInstancesWithTheSameContentShareAHandler(t *testing.T) {
	p := &testPlugin{access: func(context.Context, *kong.Request) {}}
	r := startPlugin(t, p, wire.Limits{})
	c := r.dial()
	ids := map[int32]bool{}
	for seq := range 5 {
		ids[r.instance(c, fmt.Sprintf(`{"a":1,"b":[2],"__seq__":%d,"route_id":"r%d","__plugin_id":"p"}`, seq, seq))] = true
	}
	ids[r.instance(c, `{"b":[2],"a":1}`)] = true
	if len(ids) != 6 || p.built.Load() != 1 {
		t.Errorf("%d ids and %d handlers, want 6 and 1", len(ids), p.built.Load())
	}
	r.instance(c, `{"a":2,"b":[2]}`)
	if p.built.Load() != 2 {
		t.Errorf("another content built %d handlers in all, want 2", p.built.Load())
	}
	for id := range ids {
		if err := c.Stop(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Stop(-1); err != nil {
		t.Errorf("closing an instance that is not known: %v", err)
	}
	r.stop()
	if p.closed.Load() != 2 {
		t.Errorf("%d handlers closed, want 2", p.closed.Load())
	}
}

func TestTheInstancesScopeReachesTheHandler(t *testing.T) {
	scopes := make(chan kong.Scope, 2)
	r := start(t, func(_ context.Context, req *kong.Request) { scopes <- req.Scope })
	c := r.dial()
	for _, want := range []kong.Scope{{RouteID: "r", ServiceID: "s", ConsumerID: "c", InstanceName: "n"}, {}} {
		config := fmt.Sprintf(`{"route_id":%q,"service_id":%q,"consumer_id":%q,"plugin_instance_name":%q}`, want.RouteID, want.ServiceID, want.ConsumerID, want.InstanceName)
		if _, err := c.Event(r.instance(c, config), nothing); err != nil {
			t.Fatal(err)
		}
		if got := <-scopes; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
