package quota

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollgate/pluginserver/declarative"
)

const shoutedID = "ACF09174-745E-5B26-AAEC-4763C149ACD7"

// flat says by flags where the counts are.
func flat(b *bench, o *Options) {
	o.Configs = nil
	o.Redis = map[string]any{"host": b.Host(), "port": json.Number(b.Port())}
	o.Flat.Quota = 10
}

func TestFlagsDoWithoutAConfiguration(t *testing.T) {
	b := newBench(t)
	for _, row := range []struct {
		flat       Flat
		name, want string
	}{
		{Flat{Quota: 10}, annID, "default:consumer:" + annID + " UTC"},
		{Flat{Quota: 10, Namespace: "n", Scope: "route", ScopeID: "r"}, annID, "n:route:r:consumer:" + annID + " UTC"},
		{Flat{Quota: 10, Scope: "service", ScopeID: "s", Timezone: "Asia/Tokyo"}, annID, "default:service:s:consumer:" + annID + " Asia/Tokyo"},
		{Flat{Quota: 10, Scope: "route", ScopeID: shoutedID}, shoutedID, "default:route:" + annID + ":consumer:" + annID + " UTC"},
		{Flat{Quota: 10, TPS: 4, Burst: 9}, "ip:192.0.2.1", "default:ip:192.0.2.1 UTC"},
	} {
		var o Options
		flat(b, &o)
		o.Timeout, o.Flat = time.Second, row.flat
		got := b.lines(t, Action{Grant, 5}, row.name, o)
		if len(got) != 1 || got[0].Key+" "+got[0].Day.Timezone != row.want || got[0].Day.Remaining != 15 {
			t.Errorf("%+v: %+v, want %s", row.flat, got, row.want)
		}
	}
}

// Kong's ids have small letters, and a key is its bytes. What a token names as its client may have others.
func TestOnlyIDsOfKongAreWrittenAsKongDoes(t *testing.T) {
	b := newBench(t)
	o := from("services.yml")
	o.ConsumerID, o.Instance = shoutedID, "global"
	if got := b.lines(t, show, "ann", o)[0].Key; got != "default:consumer:"+annID {
		t.Errorf("--consumer-id counts as %s", got)
	}
	o = from("services.yml")
	o.Tier = "free"
	if got := b.lines(t, show, "credential:"+shoutedID, o)[0].Key; got != "keys:credential:"+shoutedID {
		t.Errorf("a credential counts as %s", got)
	}
}

func TestATierWithoutAQuotaIsShownByFlags(t *testing.T) {
	b := newBench(t)
	o := Options{Timeout: time.Second}
	flat(b, &o)
	o.Flat = Flat{TPS: 7}
	got := b.lines(t, show, annID, o)
	if len(got) != 1 || got[0].Day != nil || got[0].Rate == nil || got[0].Rate.Remaining != 7 {
		t.Errorf("%+v", got)
	}
}

func TestThePasswordComesFromWhereverItIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, config, file string
		env                map[string]string
	}{
		{"the vault of the environment", "secret.yml", "", map[string]string{"REDIS_PASSWORD": "hunter2"}},
		{"the command's own variable", "vault.yml", "", map[string]string{passwordVariable: "hunter2"}},
		{"a file", "vault.yml", file, map[string]string{passwordVariable: "wrong"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			b.RequireAuth("hunter2")
			maps.Copy(b.env, row.env)
			o := from(row.config)
			if row.file != "" {
				o.Files = map[string]string{"password": row.file}
			}
			if out, err := b.run(t, show, "ann", o); err != nil || strings.Contains(out, "hunter2") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func TestAnotherAddressOfRedisHasTheSameCertificate(t *testing.T) {
	for name, want := range map[string]string{`{"host": "redis.internal"}`: "redis.internal", `{"host": "redis.internal", "server_name": "cache"}`: "cache"} {
		p := &declarative.Plugin{Config: []byte(`{"tiers": [{"name": "free"}], "default_tier": "free", "redis": ` + name + `}`)}
		plan, err := planOf(p, map[string]any{"host": "127.0.0.1", "port": 16379}, Env{})
		if err != nil {
			t.Fatal(err)
		}
		if r := plan.Redis; r.Host != "127.0.0.1" || r.Port != 16379 || r.ServerName != want {
			t.Errorf("%s at %s:%d is called %q", name, r.Host, r.Port, r.ServerName)
		}
	}
}
