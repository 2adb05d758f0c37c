package kongsim_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tollgate/test/kongsim"
)

func members(configs []map[string]any, name string) []any {
	var out []any
	for _, c := range configs {
		out = append(out, c[name])
	}
	return out
}

func TestEveryWorkerStartsItsOwnInstance(t *testing.T) {
	f := newFake(t, func(turn) bool { return true })
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	if n := len(f.starts()); n != 0 {
		t.Fatalf("%d instances before the first request", n)
	}
	for range 40 { // Kong does not hand requests out in turn
		s.get("/")
	}
	seqs := members(f.starts(), "__seq__")
	if len(seqs) != 2 || seqs[0] == seqs[1] {
		t.Errorf("sequence numbers of two workers: %v, want two different ones", seqs)
	}
}

func TestReloadReplacesInstances(t *testing.T) {
	simOnly(t)
	f := newFake(t, func(turn) bool { return true })
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	for range 4 {
		s.get("/")
	}
	if err := s.sim.Reload(s.config("plugins: [{name: p}]")); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		s.get("/")
	}
	if diff := cmp.Diff([]any{1.0, 2.0, 3.0, 4.0}, members(f.starts(), "__seq__"), cmpopts.SortSlices(func(a, b any) bool { return a.(float64) < b.(float64) })); diff != "" {
		t.Errorf("sequence numbers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int32{1, 2}, f.closes(), cmpopts.SortSlices(func(a, b int32) bool { return a < b })); diff != "" {
		t.Errorf("closed instances (-want +got):\n%s", diff)
	}
}

func TestInstanceConfigHoldsKongsMembers(t *testing.T) {
	f := newFake(t, func(turn) bool { return true })
	fields := `[
		{"limit": {"type": "integer", "default": 5}},
		{"note": {"type": "string", "default": "x"}},
		{"rules": {"type": "array", "elements": {"type": "record", "fields": [{"status": {"type": "integer", "default": 400}}]}}},
		{"redis": {"type": "record", "fields": [{"host": {"type": "string", "default": "localhost"}}]}},
		{"empty": {"type": "map", "keys": {"type": "string"}, "values": {"type": "string"}, "default": {}}}
	]`
	s := start(t, kongsim.Options{Workers: 1, Plugins: []kongsim.PluginServer{f.server("p", 10, fields)}}, `
plugins:
- {name: p, id: 22222222-2222-4222-8222-222222222222, instance_name: mine, service: echo, config: {note: null, rules: [{}]}}`)
	s.get("/")
	got := f.starts()[0]
	service := got["service_id"]
	want := map[string]any{
		"limit": 5.0, "rules": []any{map[string]any{"status": 400.0}}, "redis": map[string]any{"host": "localhost"}, "empty": map[string]any{},
		"__plugin_id": "22222222-2222-4222-8222-222222222222", "__ws_id": "0dc6f45b-8f8d-40d2-a504-473544ee190b",
		"__key__":    "plugins:p::" + service.(string) + ":::0dc6f45b-8f8d-40d2-a504-473544ee190b",
		"service_id": service, "plugin_instance_name": "mine",
	}
	delete(got, "__seq__")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestOneRequestStartsTheInstanceAndOthersWait(t *testing.T) {
	begun, finish := make(chan bool, 1), make(chan bool)
	f := newFake(t, func(turn) bool { return true })
	f.onStart = func(string) bool {
		begun <- true
		return <-finish
	}
	s := start(t, kongsim.Options{Workers: 1, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	var requests sync.WaitGroup
	for range 5 {
		requests.Go(func() {
			if got := s.get("/"); got.status != 200 {
				t.Errorf("status %d", got.status)
			}
		})
	}
	<-begun
	finish <- true
	requests.Wait()
	if n := len(f.starts()); n != 1 {
		t.Errorf("%d instances for five requests at one worker", n)
	}
}

func TestWaitingForAStartEnds(t *testing.T) {
	simOnly(t)
	begun, finish := make(chan bool, 1), make(chan bool)
	f := newFake(t, func(turn) bool { return true })
	f.onStart = func(string) bool {
		begun <- true
		return <-finish
	}
	s := start(t, kongsim.Options{Workers: 1, ClaimTimeout: time.Millisecond, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	var first sync.WaitGroup
	first.Go(func() { s.get("/") })
	<-begun
	if got := s.get("/"); got.status != 500 {
		t.Errorf("status %d for who waited in vain", got.status)
	}
	if !strings.Contains(s.errors.String(), "Could not claim instance_id for p") {
		t.Errorf("error log:\n%s", s.errors)
	}
	finish <- true
	first.Wait()
}

func TestClosedEventIsRetriedWithANewInstance(t *testing.T) {
	var events atomic.Int64
	f := newFake(t, func(turn) bool { return events.Add(1) > 3 })
	s := start(t, kongsim.Options{Workers: 1, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	if got := s.get("/"); got.status != 200 {
		t.Errorf("status %d", got.status)
	}
	if n := len(f.starts()); n != 4 {
		t.Errorf("%d instances started, want 4: every retry starts one", n)
	}
	if s.sim != nil && s.sim.Counters().Retries != 3 {
		t.Errorf("%d retries counted, want 3", s.sim.Counters().Retries)
	}
}

func TestEndlessRetryIsEndedLoudly(t *testing.T) {
	simOnly(t)
	f := newFake(t, func(turn) bool { return false })
	s := start(t, kongsim.Options{MaxRetries: 5, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	if got := s.get("/"); got.status != 500 {
		t.Errorf("status %d", got.status)
	}
	if n := len(f.starts()); n != 5 || !strings.Contains(s.errors.String(), "[crit]") {
		t.Errorf("%d attempts, error log:\n%s", n, s.errors)
	}
}

func TestARefusedStartIsNotRetried(t *testing.T) {
	f := newFake(t, func(turn) bool { return true })
	var starts atomic.Int64
	f.onStart = func(string) bool { return starts.Add(1) > 1 }
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	got := s.get("/")
	if got.status != 500 || starts.Load() != 1 {
		t.Errorf("status %d after %d starts", got.status, starts.Load())
	}
	want := "{\n  \"message\":\"An unexpected error occurred\",\n  \"request_id\":\"" + got.header.Get("X-Kong-Request-Id") + "\"\n}"
	if diff := cmp.Diff(want, got.body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if !strings.Contains(s.errors.String(), "starting instance: closed") {
		t.Errorf("error log:\n%s", s.errors)
	}
	if got := s.get("/"); got.status != 200 {
		t.Errorf("status %d for the next request", got.status)
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	for _, row := range []struct {
		name   string
		make   func(t *testing.T, path string)
		logged string
	}{
		{"no socket", func(*testing.T, string) {}, "no such file or directory"},
		{"a socket that nobody serves", abandonSocket, "connection refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFake(t, func(turn) bool { return true })
			server := f.server("p", 10, "")
			server.Socket = filepath.Join(filepath.Dir(f.socket), "none")
			row.make(t, server.Socket)
			s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{server}}, "plugins: [{name: p}]")
			if got := s.get("/"); got.status != 500 {
				t.Errorf("status %d", got.status)
			}
			if !strings.Contains(s.errors.String(), "trying to connect: "+row.logged) {
				t.Errorf("error log:\n%s", s.errors)
			}
		})
	}
}

func abandonSocket(t *testing.T, path string) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}

func TestASlowServerGets500(t *testing.T) {
	simOnly(t)
	release := make(chan bool)
	f := newFake(t, func(turn) bool { return <-release })
	s := start(t, kongsim.Options{ReadTimeout: 20 * time.Millisecond, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	got := s.get("/")
	close(release)
	if got.status != 500 || !strings.Contains(s.errors.String(), "pluginserver error: timeout") {
		t.Errorf("status %d, error log:\n%s", got.status, s.errors)
	}
}

func TestConnectionsAreReusedAndLostOnesReplaced(t *testing.T) {
	f := newFake(t, func(turn) bool { return true })
	s := start(t, kongsim.Options{Workers: 1, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	for range 5 {
		s.get("/")
	}
	if n := f.accepted.Load(); n != 1 {
		t.Errorf("%d connections for five requests", n)
	}
	f.dropConnections()
	if got := s.get("/"); got.status != 200 || len(f.starts()) != 1 {
		t.Errorf("status %d and %d starts after the idle connection was lost", got.status, len(f.starts()))
	}
}

func TestCloseGivesUpRequestsThatHang(t *testing.T) {
	simOnly(t)
	reached, release := make(chan bool, 1), make(chan bool)
	f := newFake(t, func(turn) bool {
		reached <- true
		return <-release
	})
	defer close(release)
	s := start(t, kongsim.Options{DrainTimeout: time.Millisecond, Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := s.sim.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}
