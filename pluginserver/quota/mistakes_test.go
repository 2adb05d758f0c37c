package quota

import (
	"maps"
	"strings"
	"testing"
)

func TestMistakesAreNamedAndChangeNothing(t *testing.T) {
	b := newBench(t)
	for _, row := range []struct {
		what, name string
		change     func(*bench, *Options)
		want       string
	}{
		{"an unknown consumer", "nobody", nil, `testdata/services.yml: no consumer with the username, custom_id or id "nobody"`},
		{"a tier without a quota", "bob", nil, "nothing to grant: the tier has no daily quota"},
		{"a consumer that no instance counts", "ann", func(_ *bench, o *Options) { o.Route = "keyed" }, `as narrowed by --instance, --service and --route, counts the consumer "ann"; `},
		{"a file without an instance", "ann", func(_ *bench, o *Options) { *o = from("none.yml") }, "testdata/none.yml: no instance of tiered-limit"},
		{"a file that is not there", "ann", func(_ *bench, o *Options) { *o = from("away.yml") }, "testdata/away.yml: no such file"},
		{"a variable that is not set", "ann", func(b *bench, _ *Options) { delete(b.env, "DECK_REDIS_PORT") }, "the environment has no DECK_REDIS_PORT"},
		{"a secret that is not set", "ann", func(_ *bench, o *Options) { *o = from("secret.yml") },
			"testdata/secret.yml: plugins[0].config.redis.password: the environment has no REDIS_PASSWORD, which the reference names"},
		{"a vault that cannot be read", "ann", func(_ *bench, o *Options) { *o = from("vault.yml") },
			"testdata/vault.yml: plugins[0].config.redis.password: only a reference {vault://env/NAME} can be read here"},
		{"a consumer without a lasting id", "crm-9", nil, `the consumer "crm-9" has neither an id nor a username`},
		{"a route without a lasting id", "ann", func(_ *bench, o *Options) { *o = from("nameless.yml") }, "one of the routes has neither an id nor a name"},
		{"a configuration that the plugin refuses", "ann", func(_ *bench, o *Options) { *o = from("refused.yml") }, "testdata/refused.yml: plugins[0]: configuration of tiered-limit: default_tier"},
		{"a tier that is not there", "ann", func(_ *bench, o *Options) { o.Tier = "platinum" }, `there is no tier "platinum"`},
		{"a consumer whose tags nobody knows", "dan", func(_ *bench, o *Options) { o.ConsumerID = annID }, `the tags of the consumer "dan" are not known: say --tier`},
		{"an address that is none", "ip:10.0.0", nil, `"10.0.0" is not an IP address`},
		{"nobody", "consumer:", nil, "names nobody"},
		{"neither files nor flags", annID, func(_ *bench, o *Options) { o.Configs = nil }, "either --config or --redis-host"},
		{"a name without files", "ann", func(b *bench, o *Options) { flat(b, o) }, `"ann" is not an id`},
		{"a scope without an id", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Scope = "route" }, "scope route needs --scope-id"},
		{"a zone that is none", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Timezone = "Mars" }, "quota_timezone"},
		{"a scope that is none", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Scope, o.Flat.ScopeID = "x", "y" }, "scope: "},
		{"a redis that is not there", "ann", func(_ *bench, o *Options) { o.Redis = map[string]any{"port": 1} }, "redis at 127.0.0.1:1/0: asking redis for the day's count: dial tcp"},
		{"a password file that is not there", "ann", func(_ *bench, o *Options) { o.PasswordFile = "testdata/away" }, "reading the password of redis"},
		{"a redis that refuses the password", "ann", func(b *bench, _ *Options) { b.RequireAuth("x"); b.env[passwordVariable] = "hunter2" }, "redis at " + b.Addr() + "/0: "},
	} {
		t.Run(row.what, func(t *testing.T) {
			mistaken := &bench{Miniredis: b.Miniredis, env: maps.Clone(b.env)}
			o := from("services.yml")
			if row.change != nil {
				row.change(mistaken, &o)
			}
			out, err := mistaken.run(t, Action{Grant, 5}, row.name, o)
			if err == nil || !strings.Contains(err.Error(), row.want) || out != "" {
				t.Errorf("%v, printed %q; want %s", err, out, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is in: %v", err)
			}
		})
	}
	if keys := b.Keys(); len(keys) != 0 {
		t.Errorf("redis holds %q", keys)
	}
}
