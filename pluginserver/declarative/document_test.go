package declarative

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const plugin = "tiered-limit"

func parse(t *testing.T, texts ...string) *Document {
	t.Helper()
	var sources []Source
	for _, text := range texts {
		sources = append(sources, Source{"kong.yml", []byte(text)})
	}
	d, err := Parse(plugin, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// places are the instances by their place in the file, with what they are bound to.
func places(d *Document) map[string]string {
	out := map[string]string{}
	for _, p := range d.Plugins {
		out[strings.TrimPrefix(p.Where, "kong.yml: ")] = p.Scope()
	}
	return out
}

func TestInstancesAreFoundWhereverTheyStand(t *testing.T) {
	d := parse(t, `
_format_version: "3.0"
services:
- name: api
  host: up
  plugins: [{name: tiered-limit}, {name: key-auth}]
  routes: [{name: keys, paths: [/keys], plugins: [{name: tiered-limit, consumer: ann}]}]
routes:
- {name: top, plugins: [{name: tiered-limit, enabled: false}]}
consumers:
- {username: ann, plugins: [{name: tiered-limit, service: {name: api}}]}
plugins:
- {name: tiered-limit}
- {name: tiered-limit, route: {id: dc165699-4561-56d7-bf7a-eecb93ba6bc7}, consumer: {username: ann}}
- {name: tiered-limit, service: nowhere-else}
- {name: rate-limiting, service: in-another-file}
`, `{"services": [{"name": "nowhere-else"}]}`)
	want := map[string]string{
		"services[0].plugins[0]":           "service api",
		"services[0].routes[0].plugins[0]": "route keys, consumer ann",
		"routes[0].plugins[0]":             "route top",
		"consumers[0].plugins[0]":          "service api, consumer ann",
		"plugins[0]":                       "global",
		"plugins[1]":                       "route keys, consumer ann",
		"plugins[2]":                       "service nowhere-else",
	}
	if diff := cmp.Diff(want, places(d)); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
	for _, p := range d.Plugins {
		if enabled := p.Route == nil || p.Route.Name != "top"; p.Enabled != enabled {
			t.Errorf("%s: enabled %v", p.Where, p.Enabled)
		}
	}
}

// To read one as global would show a count that is none.
func TestInstancesOfConsumerGroupsAreNotLookedAtAndTold(t *testing.T) {
	d := parse(t, `
consumer_groups:
- {name: gold, plugins: [{name: rate-limiting-advanced}, {name: tiered-limit}, {name: tiered-limit, enabled: false}]}
services:
- {name: api, plugins: [{name: tiered-limit, consumer_group: {name: gold}}, {name: tiered-limit}]}
plugins:
- {name: tiered-limit, consumer_group: gold}
- {name: key-auth, consumer_group: gold}
`)
	if diff := cmp.Diff(map[string]string{"services[0].plugins[1]": "service api"}, places(d)); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
	want := []string{"kong.yml: services[0].plugins[0]", "kong.yml: consumer_groups[0].plugins[1]", "kong.yml: plugins[0]"}
	if diff := cmp.Diff(want, d.Grouped); diff != "" {
		t.Errorf("of groups (-want +got):\n%s", diff)
	}
}

func TestAConfigRestsOnAnotherMemberByMember(t *testing.T) {
	d := parse(t, `
_plugin_configs: {base: {namespace: a, redis: {host: h, port: 1}}}
plugins: [{name: tiered-limit, _config: base, config: {redis: {host: i}}}]
`)
	var got any
	if err := json.Unmarshal(d.Plugins[0].Config, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"namespace": "a", "redis": map[string]any{"host": "i"}}, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestConsumersAreFoundByEachOfTheirNames(t *testing.T) {
	d := parse(t, `
consumers:
- {username: ann, custom_id: crm-1, tags: [a], keyauth_credentials: [{key: k, id: k1}]}
- {username: bob, custom_id: ann}
- {custom_id: crm-3, id: 33333333-3333-4333-8333-333333333333}
jwt_secrets: [{id: j1, consumer: bob}, {id: j2, consumer: in-another-file}]
`)
	ann, bob, third := d.Consumers[0], d.Consumers[1], d.Consumers[2]
	for name, want := range map[string]*Consumer{
		"ann": ann, "crm-1": ann, ann.ID: ann, strings.ToUpper(ann.ID): ann,
		"bob": bob, "crm-3": third, third.ID: third, "nobody": nil,
	} {
		if got := d.Consumer(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if !ann.Holds("k1") || !bob.Holds("j1") || bob.Holds("k1") || bob.Holds("j2") {
		t.Error("credentials are not where they belong")
	}
}

func TestParseNamesEveryProblemAndNoSecret(t *testing.T) {
	const secret = "hunter2"
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"references to nothing", `
routes: [{name: r, service: x}]
plugins: [{name: tiered-limit, route: y, consumer: z, _config: c}]
`, []string{`kong.yml: routes[0]: no service is called "x"`, `kong.yml: plugins[0]: no route is called "y"`,
			`no consumer is called "z"`, `_plugin_configs has no "c"`}},
		{"yaml that does not end", "plugins:\n- {name: tiered-limit, config: {redis: {password: \"hunter2}}}\n", []string{"kong.yml: reading yaml"}},
		{"yaml out of place", "redis:\n  password: hunter2\n bad: [hunter2\n", []string{"kong.yml: reading yaml"}},
		{"a list that is none", `services: hunter2`, []string{"kong.yml: reading the configuration"}},
		{"a reference that is none", `plugins: [{name: tiered-limit, service: [hunter2]}]`, []string{"a reference must be"}},
		{"a text", `hunter2`, []string{"kong.yml: reading yaml"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse(plugin, Source{"kong.yml", []byte(row.text)})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("a secret is in: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("services: [{name: a, routes: [{name: r, plugins: [{name: tiered-limit}]}]}]")
	f.Add(`{"plugins": [{"name": "tiered-limit", "route": {"id": "x"}}], "routes": [{"id": "x"}]}`)
	f.Add("_plugin_configs: {a: {b: c}}\nplugins: [{name: tiered-limit, _config: a}]")
	f.Add("consumers: [{username: a, tags: [x], jwt_secrets: [{id: i}]}]")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(plugin, Source{"kong.yml", []byte(text)})
		if err != nil {
			return
		}
		for _, p := range d.Plugins {
			if !json.Valid(p.Config) {
				t.Errorf("config %q", p.Config)
			}
		}
		for _, at := range d.Places() {
			d.Applied(at, d.Consumer("a"))
		}
	})
}
