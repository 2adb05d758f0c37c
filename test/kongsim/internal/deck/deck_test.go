package deck

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, source string) *Config {
	t.Helper()
	c, err := Parse([]byte("_format_version: \"3.0\"\n" + source))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParseFillsKongsDefaults(t *testing.T) {
	c := parse(t, `
services:
- name: api
  url: https://up.example/base
  routes: [{name: r, paths: [/a]}]
`)
	service := &Service{
		ID: newID("services", "api", ""), Name: "api", Protocol: "https", Host: "up.example", Port: 443, Path: "/base",
		Retries: 5, ConnectTimeout: 60000, WriteTimeout: 60000, ReadTimeout: 60000,
	}
	if diff := cmp.Diff([]*Service{service}, c.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	route := &Route{
		ID: newID("routes", "r", ""), Name: "r", Protocols: []string{"http", "https"}, Paths: []string{"/a"},
		StripPath: true, RedirectCode: 426, Service: service,
	}
	if diff := cmp.Diff([]*Route{route}, c.Routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestPluginsFindWhatTheyAreBoundTo(t *testing.T) {
	c := parse(t, `
plugins:
- {name: p, service: api, consumer: alice}
- {name: p, route: {id: 33333333-3333-4333-8333-333333333333}}
services: [{name: api, host: up, routes: [{name: r, id: 33333333-3333-4333-8333-333333333333, paths: [/], plugins: [{name: q}]}], plugins: [{name: q}]}]
consumers: [{username: alice, plugins: [{name: q}], keyauth_credentials: [{key: k}]}]
keyauth_credentials: [{key: k2, consumer: alice}]
routes: [{name: top, service: api, hosts: [h]}]
`)
	api, route, alice := c.Services[0], c.Routes[0], c.Consumers[0]
	got := map[string]int{}
	for _, p := range c.Plugins {
		key := p.Name
		for name, bound := range map[string]bool{" api": p.Service == api, " r": p.Route == route, " alice": p.Consumer == alice} {
			if bound {
				key += name
			}
		}
		got[key]++
	}
	if len(got) != 5 || got["q r"] != 1 || got["q api"] != 1 || got["q alice"] != 1 || got["p r"] != 1 {
		t.Errorf("bindings: %v", got)
	}
	if c.Routes[1].Service != api || len(c.Keys) != 2 || c.Keys[1].Consumer != alice {
		t.Errorf("top-level route at %v, keys %v", c.Routes[1].Service, c.Keys)
	}
}

func TestIDsAreTheSameEveryTime(t *testing.T) {
	const source = "services: [{name: api, host: up, routes: [{paths: [/a]}, {paths: [/b]}]}]\nplugins: [{name: p}, {name: p, service: api}]"
	a, b := parse(t, source), parse(t, source)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("two readings differ:\n%s", diff)
	}
	if a.Plugins[0].ID == a.Plugins[1].ID || a.Routes[0].ID == a.Routes[1].ID || !IsUUID(a.Plugins[0].ID) {
		t.Errorf("ids %s %s %s %s", a.Plugins[0].ID, a.Plugins[1].ID, a.Routes[0].ID, a.Routes[1].ID)
	}
}

func TestParseNamesEveryProblem(t *testing.T) {
	_, err := Parse([]byte(`
_format_version: "9"
upstreams: []
services:
- {name: a, retries: x, routs: []}
- {name: b, url: "ftp://x", routes: [{name: r, strip_path: yes please, paths: [a]}, {name: nothing}]}
- {name: b, host: h}
consumers: [{tags: one}, text]
plugins: [{config: 1}, {name: p, route: nowhere, id: short}, {name: q, service: []}, {name: p}, {name: p}]
keyauth_credentials: [{key: k}]
`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`_format_version: must be one of ["1.1" "2.1" "3.0"], got "9"`,
		`upstreams: not known to kongsim`,
		`services[0].retries: must be an integer, got x`,
		`services[0].routs: not known to kongsim`,
		`services[0].host: required field missing`,
		`services[1].protocol: kongsim speaks http and https, got "ftp"`,
		`services[1].routes[0].strip_path: must be true or false, got yes please`,
		`services[1].routes[0].paths[0]: should start with: / (fixed path) or ~/ (regex path), got "a"`,
		`services[1].routes[1]: must set one of methods, hosts, paths`,
		`services[2]: has the same id as services[1]`,
		`consumers[0]: at least one of username, custom_id is required`,
		`consumers[0].tags: must be a list of strings, got one`,
		`consumers[1]: must be an object, got text`,
		`plugins[0].name: required field missing`,
		`plugins[0].config: must be an object, got 1`,
		`plugins[1].route: no route is called "nowhere"`,
		`plugins[1].id: must be a UUID, got "short"`,
		`plugins[2].service: must be a name, an id, or an object with an id, got []`,
		`plugins[4]: has the same id as plugins[3]`,
		`keyauth_credentials[0].consumer: required field missing`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}

func TestEnvironmentReferences(t *testing.T) {
	t.Setenv("DECK_HOST", "up.example")
	t.Setenv("DECK_PORT", "81")
	c := parse(t, `services: [{name: a, host: ${{ env "DECK_HOST" }}, port: ${{ env "DECK_PORT" | toInt }}}]`)
	if s := c.Services[0]; s.Host != "up.example" || s.Port != 81 {
		t.Errorf("service at %s:%d", s.Host, s.Port)
	}
	for reference, want := range map[string]string{
		`${{ env "HOME" }}`:        "must start with DECK_",
		`${{ env "DECK_ABSENT" }}`: "is not set",
		`${{ nothing }}`:           "not defined",
	} {
		if _, err := Parse([]byte(reference)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", reference, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("_format_version: \"3.0\"\nservices: [{name: a, url: http://h, routes: [{paths: [/]}]}]")
	f.Add("plugins: [{name: p, route: {id: 1}}]")
	f.Add("_info: {select_tags: [a]}\nconsumers: [[]]")
	f.Fuzz(func(t *testing.T, source string) {
		if strings.Contains(source, "${{") {
			return // a template can be made to run for long
		}
		c, err := Parse([]byte(source))
		if err != nil {
			return
		}
		for _, p := range c.Plugins {
			if !IsUUID(p.ID) || p.Name == "" {
				t.Errorf("plugin %+v came through", p)
			}
		}
	})
}
