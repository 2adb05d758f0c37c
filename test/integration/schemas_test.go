package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestKongsSchemasRefuse asks the Admin API, as decK and Kong Manager do, before a bad configuration can do harm: each
// kind of fault, of each plugin that has it, and what the user is told. Several faults are told at once.
func TestKongsSchemasRefuse(t *testing.T) {
	realKongOnly(t)
	for _, row := range refusals {
		t.Run(row.plugin+" "+row.name, func(t *testing.T) {
			r := validate(t, row.plugin, row.config)
			r.is(t, http.StatusBadRequest)
			var answer struct{ Message string }
			if err := json.Unmarshal(r.body, &answer); err != nil {
				t.Fatalf("body %s: %v", r.body, err)
			}
			told := strings.Join(strings.Fields(answer.Message), " ")
			if !strings.HasSuffix(told, "("+row.says+")") {
				t.Errorf("Kong says %s\nwant      %s", told, row.says)
			}
		})
	}
	shared.stress.held(t, "`/schemas/plugins/validate` of the three plugins", "each fault is refused, with its place and what would be right", fmt.Sprintf("%d faults", len(refusals)))
}

func TestKongsSchemasTake(t *testing.T) {
	realKongOnly(t)
	for plugin, config := range map[string]string{
		"header-guard": `{"any_of": [{"headers": ["a", "b"]}]}`,
		"jwks-verify":  `{` + anIssuer + `}`,
		"tiered-limit": `{"tiers": [{"name": "a", "tps": 5, "burst": 5}], "default_tier": "a", "redis": {"host": "a", "password": "{vault://env/redis}"}}`,
	} {
		validate(t, plugin, config).is(t, http.StatusOK)
	}
}

// What the rows of refusals have that are at fault in one thing only.
const (
	anIssuer = `"issuers": [{"issuer": "a", "jwks_uri": "https://a", "audiences": ["a"]}]`
	aRule    = `"rules": [{"header": "a"}]`
	aTier    = `"tiers": [{"name": "a", "tps": 5}], "default_tier": "a"`
	aRedis   = `"redis": {"host": "a"}`
	aLimit   = aTier + `, ` + aRedis
)

// refusals are the faults, and what Kong says of each in the member message, on one line.
var refusals = []struct{ name, plugin, config, says string }{
	{"a field that there is not", "header-guard", `{` + aRule + `, "rule": 1}`,
		`config.rule: unknown field`},
	{"a field that there is not", "jwks-verify", `{` + anIssuer + `, "issuer": "a"}`,
		`config.issuer: unknown field`},
	{"a field that there is not", "tiered-limit", `{` + aLimit + `, "limits": {}}`,
		`config.limits: unknown field`},
	{"a field that there is not, further in", "tiered-limit", `{"tiers": [{"name": "a", "rps": 5}], "default_tier": "a", ` + aRedis + `}`,
		`config.tiers: { { rps = "unknown field" } }`},
	{"another type", "header-guard", `{"rules": [{"header": "a", "max_count": "two"}]}`,
		`config.rules: { { max_count = "expected an integer" } }`},
	{"another type", "jwks-verify", `{` + anIssuer + `, "insecure_http": "yes"}`,
		`config.insecure_http: expected a boolean`},
	{"another type", "tiered-limit", `{"tiers": [{"name": "a", "tps": 1.5}], "default_tier": "a", ` + aRedis + `}`,
		`config.tiers: { { tps = "expected an integer" } }`},
	{"a text for a list", "jwks-verify", `{"issuers": [{"issuer": "a", "audiences": "a"}]}`,
		`config.issuers: { { ["@entity"] = { "failed conditional validation given value of field 'insecure_any_audience'" }, audiences = "expected an array" } }`},
	{"a list for a record", "tiered-limit", `{` + aTier + `, "redis": ["a"]}`,
		`config.redis: { "unknown field", ["@entity"] = { "at least one of these fields must be non-empty: 'host', 'socket', 'sentinel_nodes', 'cluster_nodes'" } }`},
	{"a number out of bounds", "header-guard", `{"rules": [{"header": "a", "status": 200}]}`,
		`config.rules: { { status = "value should be between 400 and 599" } }`},
	{"a number out of bounds", "jwks-verify", `{` + anIssuer + `, "leeway_seconds": 3600}`,
		`config.leeway_seconds: value should be between 0 and 300`},
	{"a number out of bounds", "tiered-limit", `{"tiers": [{"name": "a", "tps": 0}], "default_tier": "a", ` + aRedis + `}`,
		`config.tiers: { { tps = "value should be between 1 and 1000000" } }`},
	{"a list that is too short", "header-guard", `{"any_of": [{"headers": ["a"]}]}`,
		`config.any_of: { { headers = "length must be at least 2" } }`},
	{"a list that is too short", "jwks-verify", `{"issuers": []}`,
		`config.issuers: length must be at least 1`},
	{"a list that is too short", "tiered-limit", `{"tiers": [], "default_tier": "a", ` + aRedis + `}`,
		`config.tiers: length must be at least 1`},
	{"a text that is too short", "header-guard", `{"trusted_peers": ["::1"], "witness": {"secrets": ["short"]}}`,
		`config.witness: { secrets = { "length must be at least 32" } }`},
	{"a text that is too long", "tiered-limit", `{` + aLimit + `, "namespace": "` + strings.Repeat("n", 65) + `"}`,
		`config.namespace: length must be at most 64`},
	{"a word that is none of those", "header-guard", `{` + aRule + `, "mode": "off"}`,
		`config.mode: expected one of: enforce, audit`},
	{"a word that is none of those", "jwks-verify", `{"issuers": [{"issuer": "a", "audiences": ["a"], "algorithms": ["none"]}]}`,
		`config.issuers: { { algorithms = { "expected one of: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA" } } }`},
	{"a word that is none of those", "tiered-limit", `{` + aLimit + `, "on_redis_error": "ignore"}`,
		`config.on_redis_error: expected one of: local, allow, deny`},
	{"a form that does not fit", "header-guard", `{"rules": [{"header": "a b"}]}`,
		`config.rules: { { header = "invalid value: a b" } }`},
	{"a form that does not fit", "jwks-verify", `{` + anIssuer + `, "header_names": ["X Token"]}`,
		`config.header_names: { "invalid value: X Token" }`},
	{"a form that does not fit", "tiered-limit", `{"tiers": [{"name": "-a"}], "default_tier": "a", ` + aRedis + `}`,
		`config.tiers: { { name = "invalid value: -a" } }`},
	{"what must be there is not", "jwks-verify", `{"issuers": [{"jwks_uri": "https://a", "audiences": ["a"]}]}`,
		`config.issuers: { { issuer = "required field missing" } }`},
	{"what must be there is not", "tiered-limit", `{"tiers": [{"name": "a"}], ` + aRedis + `}`,
		`config.default_tier: required field missing`},
	{"what must be there is not", "header-guard", `{"rules": [{"match": "a"}]}`,
		`config.rules: { { header = "required field missing" } }`},
	{"nothing to do", "header-guard", `{}`,
		`config.@entity: { "at least one of these fields must be non-empty: 'rules', 'any_of', 'presets', 'hosts', 'trusted_peers'" }`},
	{"one field without another", "jwks-verify", `{"issuers": [{"issuer": "a"}]}`,
		`config.issuers: { { ["@entity"] = { "failed conditional validation given value of field 'insecure_any_audience'" }, audiences = "required field missing" } }`},
	{"one field without others", "jwks-verify", `{` + anIssuer + `, "sender_constraint": "required"}`,
		`config.@entity: { "failed conditional validation given value of field 'sender_constraint'", "failed conditional validation given value of field 'sender_constraint'" }; config.client_cert_header: required field missing; config.trusted_peers: required field missing`},
	{"one field without another", "tiered-limit", `{"tiers": [{"name": "a", "burst": 5}], "default_tier": "a", ` + aRedis + `}`,
		`config.tiers: { { ["@entity"] = { "failed conditional validation given value of field 'burst'" }, tps = "required field missing" } }`},
	{"two fields that exclude each other", "tiered-limit", `{` + aTier + `, "redis": {"host": "a", "socket": "/a"}}`,
		`config.redis: { ["@entity"] = { "only one or none of these fields must be set: 'host', 'socket', 'sentinel_nodes', 'cluster_nodes'" } }`},
	{"a null where there must be a value", "tiered-limit", `{"tiers": [{"name": "a"}], "default_tier": null, ` + aRedis + `}`,
		`config.default_tier: required field missing`},
	{"several faults at once", "header-guard", `{"rules": [{"header": "a b", "status": 200}], "mode": "off"}`,
		`config.mode: expected one of: enforce, audit; config.rules: { { header = "invalid value: a b", status = "value should be between 400 and 599" } }`},
	{"several faults at once", "jwks-verify", `{"issuers": [{"audiences": []}], "leeway_seconds": -1, "log_sub": "all"}`,
		`config.issuers: { { ["@entity"] = { "failed conditional validation given value of field 'insecure_any_audience'" }, audiences = "length must be at least 1", issuer = "required field missing" } }; config.leeway_seconds: value should be between 0 and 300; config.log_sub: expected one of: hash, plain, none`},
	{"several faults at once", "tiered-limit", `{"tiers": [{"name": "a", "tps": 0, "daily_quota": -1}, {"tps": "x"}], "redis": {"port": 0}, "error_code": 200}`,
		`config.default_tier: required field missing; config.error_code: value should be between 400 and 599; config.redis: { ["@entity"] = { "at least one of these fields must be non-empty: 'host', 'socket', 'sentinel_nodes', 'cluster_nodes'" }, port = "value should be between 1 and 65535" }; config.tiers: { { daily_quota = "value should be between 1 and 1000000000000", tps = "value should be between 1 and 1000000" }, { name = "required field missing", tps = "expected an integer" } }`},
}
