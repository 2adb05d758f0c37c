package tieredlimit

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/redistest"
)

func TestStatusTellsTheTiersOfEachConfigurationInUse(t *testing.T) {
	m := redistest.Embedded(t)
	p, _ := open(t)
	const free, gold = `{"name": "free", "tps": 20, "burst": 40}`, `{"name": "gold", "daily_quota": 500, "quota_timezone": "Europe/Berlin"}`
	config := func(more string) string {
		at := strings.Split(m.Addr(), ":")
		return `{"tiers": [` + free + `,` + gold + `], "redis": {"host": "` + at[0] + `", "port": ` + at[1] + `, "password": "hunter2"}, ` + more + `}`
	}
	told := func() string {
		t.Helper()
		text, err := json.Marshal(p.Status())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "hunter2") {
			t.Error("the state holds a password")
		}
		var r struct {
			Configurations []json.RawMessage `json:"configurations"`
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		out := make([]string, 0, len(r.Configurations))
		for _, one := range r.Configurations {
			out = append(out, string(one))
		}
		return strings.Join(out, "\n")
	}
	const tiers = `"tiers":[{"name":"free","tps":20,"burst":40},{"name":"gold","daily_quota":500,"quota_timezone":"Europe/Berlin"}]}`
	want := func(lines ...string) {
		t.Helper()
		if diff := cmp.Diff(strings.ReplaceAll(strings.Join(lines, "\n"), "ADDR", m.Addr()), told()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	want()
	all := build(t, p, config(`"default_tier": "free", "namespace": "one"`))
	own := build(t, p, config(`"default_tier": "free", "tier": "gold", "namespace": "two", "dry_run": true, "on_redis_error": "deny"`))
	const forAll = `{"target":"ADDR","namespace":"one","limit_by":"consumer","scope":"consumer","on_redis_error":"local","dry_run":false,"default_tier":"free",` + tiers
	const forOne = `{"target":"ADDR","namespace":"two","limit_by":"consumer","scope":"consumer","on_redis_error":"deny","dry_run":true,"tier":"gold",` + tiers
	want(forAll, forOne)
	all.Close()
	want(forOne)
	own.Close()
	want()
}
