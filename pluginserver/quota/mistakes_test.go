package quota

import (
	"maps"
	"strings"
	"testing"
	"time"
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
		{"a consumer that no instance counts", "ann", func(_ *bench, o *Options) { *o = from("addresses.yml"); o.Service = "api" },
			`as narrowed by --instance, --service and --route, counts the consumer "ann"; the instance "consumer ann" counts by ip`},
		{"an address in nobody knows which tier", "ip:192.0.2.1", func(_ *bench, o *Options) { *o = from("addresses.yml") },
			`the instance "service api" counts the ip "192.0.2.1" in the tier of whoever makes the request: say --tier`},
		{"routes of which the files know none", "ann", func(_ *bench, o *Options) { *o = from("placeless.yml"); o.Instance = "by-route" },
			"testdata/placeless.yml: services[0].plugins[0]: counts are kept by route, and the files know none of the service api"},
		{"services of which the files know none", "ann", func(_ *bench, o *Options) { *o = from("serviceless.yml") },
			"testdata/serviceless.yml: plugins[0]: counts are kept by service, and the files know none"},
		{"an instance of a consumer group alone", "ann", func(_ *bench, o *Options) { *o = from("grouped.yml") },
			"testdata/grouped.yml: plugins[0]: consumer groups are not looked at"},
		{"an instance that is broken", "ann", func(_ *bench, o *Options) { *o = from("broken.yml"); o.Service = "zone" }, `counts the consumer "ann"; testdata/broken.yml: services[0].plugins[0]: configuration of tiered-limit: tiers.free.quota_timezone`},
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
		{"an impatient operator", "ann", func(_ *bench, o *Options) { o.Timeout = time.Millisecond - 1 }, "--timeout must be at least 1ms, got 999.999µs"},
		{"an id of a consumer for a credential", "credential:k1", func(_ *bench, o *Options) { o.ConsumerID = annID }, "--consumer-id is for a consumer, and not for credential:"},
		{"an id of a consumer for an address", "ip:192.0.2.1", func(_ *bench, o *Options) { o.ConsumerID = annID }, "--consumer-id is for a consumer, and not for ip:"},
		{"all that the configuration says", "ann", func(_ *bench, o *Options) { o.Flat = Flat{"n", "route", "r", "UTC", 1, 2, 3} },
			"--namespace, --scope, --scope-id, --timezone, --quota, --tps, --burst: the configuration says that; only without --config"},
		{"one thing that the configuration says", "ann", func(_ *bench, o *Options) { o.Flat.TPS = 1 }, "--tps: the configuration says that"},
		{"a tier without any limit", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Quota = 0 }, "without --config, --quota or --tps must say"},
		{"a tier without a quota, by flags", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Quota, o.Flat.TPS = 0, 1 }, "nothing to grant: the tier has no daily quota"},
		{"a zone without a quota", annID, func(b *bench, o *Options) { flat(b, o); o.Flat = Flat{TPS: 1, Timezone: "UTC"} }, "--timezone is that of the day of --quota"},
		{"a burst without a rate", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Burst = 1 }, "--burst needs --tps"},
		{"an id without a scope", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.ScopeID = "r" }, "--scope-id needs --scope service or route"},
		{"a route without files", annID, func(b *bench, o *Options) { flat(b, o); o.Route = "r" }, "--instance, --service and --route narrow"},
		{"a scope without an id", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Scope = "route" }, "scope route needs --scope-id"},
		{"a zone that is none", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Timezone = "Mars" }, "quota_timezone"},
		{"a scope that is none", annID, func(b *bench, o *Options) { flat(b, o); o.Flat.Scope, o.Flat.ScopeID = "x", "y" }, "scope: "},
		{"a redis that is not there", "ann", func(_ *bench, o *Options) { o.Redis = map[string]any{"port": 1} }, "redis at 127.0.0.1:1/0: asking redis for the day's count: no connection to redis: dial tcp"},
		{"a password file that is not there", "ann", func(_ *bench, o *Options) { o.Files = map[string]string{"password": "testdata/away"} }, "reading the password of redis"},
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

func TestAllMistakesOfACommandLineAreToldAtOnce(t *testing.T) {
	b := newBench(t)
	_, err := b.run(t, show, "ip:nowhere", Options{ConsumerID: "x", Instance: "y", Flat: Flat{Burst: 1, ScopeID: "z"}})
	for _, want := range []string{"is not an IP address", "--timeout", "--consumer-id", "--redis-host", "--instance", "--quota or --tps", "--burst", "--scope-id"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in: %v", want, err)
		}
	}
}
