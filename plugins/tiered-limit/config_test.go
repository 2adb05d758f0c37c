package tieredlimit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/internal/plugin"
	"tollgate/internal/schema/schematest"
)

// smallest is the least that a configuration must say.
const smallest = `{"tiers": [{"name": "free", "tps": 20}], "default_tier": "free", "redis": {"host": "redis"}}`

func TestReadmeAndConfigAreAsTheSchemaSays(t *testing.T) { schematest.Check[Config](t, Schema()) }

func TestTheSmallestConfigurationIsFilledIn(t *testing.T) {
	got, err := plugin.Decode[Config](Schema(), []byte(smallest))
	if err != nil {
		t.Fatal(err)
	}
	tps := int64(20)
	want := Config{
		Tiers:            []Tier{{Name: "free", TPS: &tps, QuotaTimezone: "UTC"}},
		DefaultTier:      "free",
		TierTagPrefix:    "tier:",
		LimitBy:          "consumer",
		OnNoConsumer:     "ip",
		Scope:            "consumer",
		Namespace:        "default",
		Headers:          "kong",
		ErrorCode:        429,
		LogDecision:      "rejected",
		QuotaWarnPercent: []int{80, 95},
		Redis:            Redis{Host: "redis", Port: 6379, ClusterMaxRedirections: 5, Timeout: 50, SSLVerify: true},
		OnRedisError:     "local",
		FallbackNodes:    2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	tests := map[string]struct{ tiers, rest, want string }{
		"no tiers":                        {`[]`, ``, `tiers: must have at least 1 elements`},
		"a tier without a name":           {`[{"tps": 1}]`, ``, `tiers[1].name: is required`},
		"a name that is no word":          {`[{"name": "a b"}]`, ``, `tiers[1].name: must match`},
		"a name of another tier":          {`[{"name": "a"}, {"name": "a"}]`, ``, `tiers.a: must not have the name of another tier`},
		"a default tier that is no tier":  {`[{"name": "a"}]`, `"default_tier": "b"`, `default_tier: must be one of the tiers a, got "b"`},
		"no default tier":                 {`[{"name": "a"}]`, `"default_tier": null`, `default_tier: is required`},
		"a rate of zero":                  {`[{"name": "a", "tps": 0}]`, ``, `tiers.a.tps: must be between 1 and 1000000, got 0`},
		"a rate over a million":           {`[{"name": "a", "tps": 1000001, "burst": 1}]`, ``, `tiers.a.tps: must be between 1 and 1000000`},
		"an exact rate over ten thousand": {`[{"name": "a", "tps": 10001}]`, ``, `tiers.a.burst: is required when tps is 10001`},
		"a burst without a rate":          {`[{"name": "a", "burst": 5}]`, ``, `tiers.a.tps: is required when burst is 5`},
		"a burst of zero":                 {`[{"name": "a", "tps": 1, "burst": 0}]`, ``, `tiers.a.burst: must be between`},
		"a negative quota":                {`[{"name": "a", "daily_quota": -1}]`, ``, `tiers.a.daily_quota: must be between`},
		"an unknown failure mode":         {`[{"name": "a"}]`, `"on_redis_error": "panic"`, `on_redis_error: must be one of local, allow, deny`},
		"no fallback nodes":               {`[{"name": "a"}]`, `"fallback_nodes": 0`, `fallback_nodes: must be between 1 and 10000, got 0`},
		"an empty tag prefix":             {`[{"name": "a"}]`, `"tier_tag_prefix": ""`, `tier_tag_prefix: must have at least 1 characters`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data := overlay(t, `{"default_tier": "a", "redis": {"host": "h"}}`, "{"+test.rest+"}", `{"tiers": `+test.tiers+`}`)
			_, err := plugin.Decode[Config](Schema(), data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	const config = `{"default_tier": "x", "tier": "y", "scope": "z", "redis": {"host": "h"},
		"tiers": [{"name": "a", "tps": 0, "quota_timezone": "Mars"}, {"name": "a"}, {"quota_timezone": "Moon"}]}`
	_, err := plugin.Decode[Config](Schema(), []byte(config))
	if err == nil {
		t.Fatal("the configuration was taken")
	}
	for _, want := range []string{
		"tiers.a.tps: must be between", "tiers[3].name: is required", "scope: must be one of",
		"tiers.a.quota_timezone: ", "tiers.a: must not have the name of another tier", "tiers[3].quota_timezone: ",
		"default_tier: must be one of the tiers", "; tier: must be one of the tiers",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestTheEdgesOfTheBoundsAreAccepted(t *testing.T) {
	const tiers = `{"default_tier": "exact", "redis": {"host": "::1"}, "tiers": [
		{"name": "exact", "tps": 10000}, {"name": "bucket", "tps": 1000000, "burst": 1000000},
		{"name": "day", "daily_quota": 1000000000000, "quota_timezone": "America/Argentina/Buenos_Aires"}, {"name": "unlimited"}]}`
	for _, options := range []string{
		`{}`,
		`{"retry_after_jitter_seconds": 0, "error_code": 400, "quota_warn_percent": [1, 99], "namespace": "0"}`,
		`{"retry_after_jitter_seconds": 3600, "error_code": 599, "quota_warn_percent": [], "namespace": "` + strings.Repeat("n", 64) + `"}`,
		`{"quota_warn_percent": null, "tier": "day", "tier_claim": "https://example.com/plan", "error_message": "ü"}`,
	} {
		if _, err := plugin.Decode[Config](Schema(), overlay(t, tiers, options)); err != nil {
			t.Errorf("%s: %v", options, err)
		}
	}
}

func TestNoErrorShowsThePassword(t *testing.T) {
	const config = `{"tiers": 5, "default_tier": "a", "redis": {"host": "a b", "password": ["hunter2"]}}`
	_, err := plugin.Decode[Config](Schema(), []byte(config))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, want one that keeps the password", err)
	}
}
