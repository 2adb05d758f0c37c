package kongsim_test

import (
	"strings"
	"testing"

	"tollgate/test/kongsim"
)

func TestStartRefusesWhatIsWrong(t *testing.T) {
	simOnly(t)
	f := newFake(t, nil)
	good := f.server("p", 10, `[{"label": {"type": "string"}}]`)
	query := func(command ...string) []kongsim.PluginServer {
		return []kongsim.PluginServer{{Name: "p", Socket: f.socket, Query: command}}
	}
	dump := func(text string) []kongsim.PluginServer { return query("printf", "%s", text) }
	for _, row := range []struct {
		name    string
		options kongsim.Options
		want    []string
	}{
		{"options", kongsim.Options{Workers: -1, LogLevel: "loud", Plugins: []kongsim.PluginServer{{}}},
			[]string{"workers: must be at least 1", "log level: must be one of", "plugin server 0: name, socket and query are required"}},
		{"a trusted address that is none", kongsim.Options{TrustedIPs: []string{"lb"}}, []string{"trusted_ips"}},
		{"a query command that fails", kongsim.Options{Plugins: query("sh", "-c", "echo why >&2; exit 3")}, []string{"exit status 3: why"}},
		{"a dump that is no JSON", kongsim.Options{Plugins: dump("no")}, []string{"failed decoding plugin info"}},
		{"a dump of another protocol", kongsim.Options{Plugins: dump(`{"Protocol": "MsgPack:1"}`)}, []string{`protocol "MsgPack:1"`}},
		{"a dump without plugins", kongsim.Options{Plugins: dump(`{"Protocol": "ProtoBuf:1"}`)}, []string{"names no plugin"}},
		{"a priority that is no integer", kongsim.Options{Plugins: []kongsim.PluginServer{f.server("p", 1.5, "")}},
			[]string{"PRIORITY field is not a valid integer"}},
		{"a plugin that is enabled and not there", kongsim.Options{Enabled: []string{"bundled", "x"}}, []string{"x plugin is enabled but not installed"}},
		{"a plugin that is configured and not enabled, with the rest of the problems",
			kongsim.Options{Plugins: []kongsim.PluginServer{good}, Config: []byte(`{_format_version: "3.0",
				plugins: [{name: nope}, {name: p, config: {lable: x}}, {name: key-auth, config: {key_in_body: true}}]}`)},
			[]string{`plugins[0].name: plugin "nope" not enabled`, "config.lable: unknown field", "config.key_in_body: unknown field"}},
		{"a config file that is missing", kongsim.Options{ConfigFile: "/does/not/exist.yml"}, []string{"no such file"}},
		{"an address that is none", kongsim.Options{Config: []byte(`{_format_version: "3.0"}`), Listen: "127.0.0.1:99999"}, []string{"listening"}},
	} {
		t.Run(row.name, func(t *testing.T) { refuses(t, row.options, row.want) })
	}
}

func refuses(t *testing.T, o kongsim.Options, problems []string) {
	gateway, err := kongsim.Start(t.Context(), o)
	if err == nil {
		gateway.Close()
		t.Fatal("it started")
	}
	for _, want := range problems {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestABadReloadChangesNothing(t *testing.T) {
	simOnly(t)
	s := start(t, kongsim.Options{}, "")
	if err := s.sim.Reload([]byte("services: 1")); err == nil {
		t.Error("a bad configuration was loaded")
	}
	if got := s.get("/"); got.status != 200 {
		t.Errorf("status %d afterwards", got.status)
	}
}

func TestRewritePhaseRunsGlobalConfigsOnly(t *testing.T) {
	f := newFake(t, func(k turn) bool {
		if k.phase == "rewrite" {
			k.Response.AddHeader("X-Rewrite", k.plugin)
		}
		return true
	})
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{
		f.server("global", 20, "", "rewrite", "access"), f.server("routed", 10, "", "rewrite"),
	}}, "plugins: [{name: global}, {name: routed, route: all}]")
	if got := s.get("/"); strings.Join(got.header["X-Rewrite"], ",") != "global" {
		t.Errorf("rewritten by %q", got.header["X-Rewrite"])
	}
}

func TestAnExceptionInRewriteIsNginxsError(t *testing.T) {
	f := newFake(t, func(k turn) bool {
		_, _ = k.Client.GetConsumer() // not in this phase
		return true
	})
	s := start(t, kongsim.Options{Plugins: []kongsim.PluginServer{f.server("p", 5, "", "rewrite")}}, "plugins: [{name: p}]")
	if got := s.get("/"); got.status != 500 || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %v: want nginx's own error page", got.status, got.header)
	}
}
