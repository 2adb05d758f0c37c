package kongsim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/kongsim"
)

func TestProxyWithPluginHeaders(t *testing.T) {
	f := newFake(t, func(k turn) bool {
		k.ServiceRequest.SetHeader("X-From-Plugin", "yes")
		k.ServiceRequest.SetHeader("X-Forwarded-For", "1.1.1.1") // Kong's own was made before
		k.Response.SetHeader("X_To-Client", "yes")
		return true
	})
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("p", 10, "")}}, "plugins: [{name: p}]")
	got := s.get("/a%20b/c?x=1")
	if got.status != 200 || got.header.Get("X-To-Client") != "yes" {
		t.Errorf("status %d, headers %v: want 200 with X-To-Client", got.status, got.header)
	}
	saw := got.echoed(t)
	if saw.Path != "/a%20b/c" || saw.Query != "x=1" || saw.Headers["X-From-Plugin"][0] != "yes" {
		t.Errorf("upstream saw %+v", saw)
	}
	if diff := cmp.Diff([]string{"127.0.0.1"}, saw.Headers["X-Forwarded-For"]); diff != "" {
		t.Errorf("X-Forwarded-For upstream (-want +got):\n%s", diff)
	}
	if id := got.header.Get("X-Kong-Request-Id"); len(id) != 32 || saw.Headers["X-Kong-Request-Id"][0] != id {
		t.Errorf("request id %q towards the client, %q upstream: want the same 32 digits", id, saw.Headers["X-Kong-Request-Id"])
	}
	if !strings.Contains(got.header.Get("Via"), s.name()) {
		t.Errorf("Via %q does not say %s", got.header.Get("Via"), s.name())
	}
}

func TestExitStopsLaterPluginsAndTheUpstream(t *testing.T) {
	later := make(chan string, 1)
	f := newFake(t, func(k turn) bool {
		if k.plugin == "second" {
			later <- k.plugin
			return true
		}
		k.Response.Exit(429, []byte("slow down"), map[string][]string{"Retry-After": {"7"}})
		_, err := k.Request.GetMethod()
		if err == nil {
			t.Error("a PDK call after exit was answered")
		}
		return true
	})
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("first", 10, ""), f.server("second", 5, "")}},
		"plugins: [{name: first}, {name: second}]")
	got := s.get("/")
	if got.status != 429 || got.body != "slow down" || got.header.Get("Retry-After") != "7" {
		t.Errorf("got %+v", got)
	}
	if _, ok := got.header["Content-Type"]; ok {
		t.Errorf("Content-Type %q: Kong adds none", got.header["Content-Type"])
	}
	if got.header.Get("Server") != s.name() || got.header.Get("X-Kong-Response-Latency") == "" {
		t.Errorf("headers %v: want Server and X-Kong-Response-Latency", got.header)
	}
	if len(later) > 0 {
		t.Error("the second plugin ran after the exit of the first")
	}
	if entry := s.logged(got); entry["source"] != "kong" || entry["upstream_status"] != "" {
		t.Errorf("log: source %v, upstream_status %v", entry["source"], entry["upstream_status"])
	}
}
