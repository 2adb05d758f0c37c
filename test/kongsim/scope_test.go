package kongsim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Kong/go-pdk/client"
	"github.com/Kong/go-pdk/entities"
	"github.com/google/go-cmp/cmp"

	"tollgate/test/echo"
	"tollgate/test/kongsim"
)

const scoped = `
_format_version: "3.0"
services:
- name: one
  url: UPSTREAM/base
  routes:
  - {name: r1, paths: [/r1]}
  - {name: r2, paths: [/r2]}
- name: two
  url: UPSTREAM
  routes:
  - {name: r3, paths: [/r3]}
  - {name: keyed, paths: [/keyed], plugins: [{name: key-auth, config: {hide_credentials: true}}]}
consumers:
- {username: alice, keyauth_credentials: [{key: a-key}], plugins: [{name: p, config: {label: consumer}}]}
- {username: bob, keyauth_credentials: [{key: b-key}]}
plugins:
- {name: p, config: {label: global}}
- {name: p, service: one, config: {label: service}}
- {name: p, route: r1, config: {label: route}}
- {name: p, route: r2, enabled: false, config: {label: disabled}}
- {name: p, route: r1, consumer: alice, config: {label: route+consumer}}
- {name: p, service: one, consumer: bob, config: {label: service+consumer}}
`

// TestMostSpecificConfigWins names its consumer by a header that a plugin of
// higher priority authenticates, so the lookup has to happen per plugin.
func TestMostSpecificConfigWins(t *testing.T) {
	f := newFake(t, func(k turn) bool {
		if k.plugin == "auth" {
			if name, _ := k.Request.GetHeader("x-user"); name != "" {
				c, _ := k.Client.LoadConsumer(name, true)
				if err := k.Client.Authenticate(&entities.Consumer{Id: c.Id, Username: c.Username}, &client.AuthenticatedCredential{Id: "x"}); err != nil {
					t.Error(err)
				}
			}
			return true
		}
		k.Response.SetHeader("X-Label", fmt.Sprint(k.config["label"]))
		return true
	})
	o := kongsim.Options{Config: []byte(scoped + "- {name: auth}\n"), Plugins: []kongsim.PluginServer{
		f.server("p", 900, `[{"label": {"type": "string"}}]`), f.server("auth", 2000, ""),
	}}
	s := start(t, o, "")
	for _, row := range []struct{ path, user, want string }{
		{"/r3", "", "global"},
		{"/r2", "", "service"},
		{"/r1", "", "route"},
		{"/r3", "alice", "consumer"},
		{"/r2", "alice", "consumer"},
		{"/r1", "alice", "route+consumer"},
		{"/r2", "bob", "service+consumer"},
		{"/r1", "bob", "service+consumer"},
		{"/r3", "bob", "global"},
	} {
		t.Run(row.path+" "+row.user, func(t *testing.T) {
			got := s.get(row.path, "X-User: "+row.user)
			if label := got.header.Get("X-Label"); label != row.want {
				t.Errorf("label %q, want %q (status %d)", label, row.want, got.status)
			}
		})
	}
}

var keys = []struct {
	name, path string
	headers    []string
	status     int
	message    string
}{
	{"no key", "/keyed", nil, 401, "No API key found in request"},
	{"an empty key", "/keyed", []string{"Apikey: "}, 401, "No API key found in request"},
	{"an unknown key", "/keyed", []string{"Apikey: nope"}, 401, "Unauthorized"},
	{"a key sent twice", "/keyed", []string{"Apikey: a-key", "Apikey: a-key"}, 401, "Duplicate API key found"},
	{"a key in the header", "/keyed", []string{"apikey: a-key", "X-Consumer-Username: mallory"}, 200, ""},
	{"a key in the query", "/keyed?apikey=a-key&x=1", nil, 200, ""},
}

func TestKeyAuth(t *testing.T) {
	f := newFake(t, func(k turn) bool {
		c, _ := k.Client.GetConsumer()
		credential, _ := k.Client.GetCredential()
		k.Response.SetHeader("X-Seen", c.Username+"/"+credential.ConsumerId)
		return true
	})
	s := start(t, kongsim.Options{Config: []byte(scoped), Plugins: []kongsim.PluginServer{f.server("p", 900, `[{"label": {"type": "string"}}]`)}}, "")
	for _, row := range keys {
		t.Run(row.name, func(t *testing.T) {
			got := s.get(row.path, row.headers...)
			if got.status != row.status || !strings.Contains(got.body, row.message) {
				t.Fatalf("%d %q, want %d %q", got.status, got.body, row.status, row.message)
			}
			if row.status == 401 {
				if challenge := got.header.Get("WWW-Authenticate"); challenge != "Key" {
					t.Errorf("WWW-Authenticate %q", challenge)
				}
				return
			}
			saw := got.echoed(t)
			if diff := cmp.Diff([]string{"alice"}, saw.Headers["X-Consumer-Username"]); diff != "" {
				t.Errorf("X-Consumer-Username upstream (-want +got):\n%s", diff)
			}
			if _, shown := saw.Headers["Apikey"]; shown || strings.Contains(saw.Query, "apikey") {
				t.Errorf("the key went upstream: %+v", saw)
			}
			// Kong's own credentials have no consumer_id at their top level.
			if seen := got.header.Get("X-Seen"); seen != "alice/" {
				t.Errorf("plugin saw %q", seen)
			}
		})
	}
}

func TestAnswersOfTheGatewayItself(t *testing.T) {
	gone := httptest.NewServer(echo.Handler())
	gone.Close()
	s := start(t, kongsim.Options{Config: fmt.Appendf(nil, `
_format_version: "3.0"
services:
- {name: up, url: UPSTREAM, routes: [{name: up, paths: [/up]}]}
- {name: gone, url: %s, routes: [{name: gone, paths: [/gone]}]}
routes: [{name: orphan, paths: [/orphan]}, {name: tls, paths: [/tls], protocols: [https]}]
`, gone.URL)}, "")
	for _, row := range []struct {
		name, path string
		headers    []string
		status     int
		body       string
	}{
		{"no route", "/none", nil, 404, `"message":"no Route matched with those values"`},
		{"no service", "/orphan", nil, 503, `"message":"no Service found with those values"`},
		{"an https route over http", "/tls", nil, 426, `"message":"Please use HTTPS protocol"`},
		{"an upstream that is down", "/gone", []string{"Accept: */*"}, 502, `"message":"An invalid response was received from the upstream server"`},
		{"nginx's errors are plain text without Accept", "/gone", nil, 502, "An invalid response was received from the upstream server\nrequest_id: "},
		{"Authorization twice", "/up", []string{"Authorization: a", "Authorization: b"}, 400, "Bad request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := s.get(row.path, row.headers...)
			if got.status != row.status || !strings.Contains(got.body, row.body) {
				t.Errorf("%d %q, want %d %q", got.status, got.body, row.status, row.body)
			}
			if entry := s.logged(got); entry["response"].(map[string]any)["status"] != float64(row.status) {
				t.Errorf("logged %v", entry["response"])
			}
		})
	}
}

func TestForwardedHeaders(t *testing.T) {
	config := []byte(`
_format_version: "3.0"
services: [{name: up, url: UPSTREAM/base, routes: [{name: api, paths: [/api], hosts: [api.example]}]}]
`)
	client := []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https", "X-Real-Ip: 203.0.113.7"}
	for _, row := range []struct {
		name    string
		trusted []string
		want    map[string]string
	}{
		{"an untrusted peer's headers count for nothing but the chain", nil, map[string]string{
			"X-Forwarded-For": "203.0.113.7, 127.0.0.1", "X-Forwarded-Proto": "http", "X-Real-Ip": "127.0.0.1",
		}},
		{"a trusted peer's headers are believed", []string{"127.0.0.0/8"}, map[string]string{
			"X-Forwarded-For": "203.0.113.7, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Real-Ip": "203.0.113.7",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, kongsim.Options{Config: config, TrustedIPs: row.trusted}, "")
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/x?y", nil)
			r.Host = "api.example"
			got := s.do(r, client...)
			saw := got.echoed(t)
			row.want["X-Forwarded-Host"], row.want["X-Forwarded-Path"], row.want["X-Forwarded-Prefix"] = "api.example", "/api/x", "/api"
			for name, value := range row.want {
				if diff := cmp.Diff([]string{value}, saw.Headers[name]); diff != "" {
					t.Errorf("%s upstream (-want +got):\n%s", name, diff)
				}
			}
			if saw.Path != "/base/x" || saw.Query != "y" || "http://"+saw.Host != s.upstream {
				t.Errorf("upstream saw %s?%s at %s", saw.Path, saw.Query, saw.Host)
			}
		})
	}
}
