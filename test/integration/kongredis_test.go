package integration

import (
	"net/http"
	"strings"
	"testing"
)

// TestKongsSchemaKnowsOneRedis has the Admin API refuse what a redis record of tiered-limit cannot mean, and
// take each way to say where Redis is.
func TestKongsSchemaKnowsOneRedis(t *testing.T) {
	realKongOnly(t)
	for _, row := range []struct{ name, redis, says string }{
		{"nowhere", `{}`, "at least one of these fields must be non-empty: 'host', 'socket', 'sentinel_nodes', 'cluster_nodes'"},
		{"in two places", `{"host": "a", "cluster_nodes": [{"ip": "b"}]}`, "only one or none of these fields must be set"},
		{"an empty list", `{"cluster_nodes": []}`, "length must be at least 1"},
		{"sentinels without a master", `{"sentinel_nodes": [{"host": "s"}]}`, "all or none of these fields must be set: 'sentinel_master', 'sentinel_nodes'"},
		{"a database of a cluster", `{"cluster_nodes": [{"ip": "c"}], "database": 1}`, "database"},
		{"half a client's certificate", `{"host": "a", "ssl": true, "ssl_cert": "x"}`, "all or none of these fields must be set: 'ssl_cert', 'ssl_cert_key'"},
		{"a certificate without TLS", `{"host": "a", "ssl_cert": "x", "ssl_cert_key": "y"}`, "ssl"},
		{"TLS on a socket", `{"socket": "/s", "ssl": true}`, "ssl"},
		{"authorities that are not asked", `{"host": "a", "ssl": true, "ssl_verify": false, "ssl_ca_cert": "x"}`, "ssl_verify"},
		{"a role that does not write", `{"sentinel_master": "m", "sentinel_role": "any", "sentinel_nodes": [{"host": "s"}]}`, "sentinel_role"},
		{"a password of sentinels that are not there", `{"host": "a", "sentinel_password": "x"}`, "sentinel_nodes"},
		{"a user without a password", `{"host": "a", "username": "x"}`, "password"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := validate(t, "tiered-limit", limitWith(row.redis))
			r.is(t, http.StatusBadRequest)
			if !strings.Contains(string(r.body), row.says) {
				t.Errorf("Kong says %s", r.body)
			}
		})
	}
	for _, redis := range []string{
		`{"host": "a"}`, `{"socket": "/run/redis.sock"}`,
		`{"sentinel_master": "m", "sentinel_role": "master", "sentinel_nodes": [{"host": "s"}, {"host": "t", "port": 1}], "sentinel_username": "u", "sentinel_password": "p"}`,
		`{"cluster_nodes": [{"ip": "c"}, {"ip": "d", "port": 1}], "cluster_max_redirections": 3, "username": "u", "password": "p"}`,
		`{"host": "a", "ssl": true, "ssl_ca_cert": "{vault://env/ca}", "ssl_cert": "{vault://env/cert}", "ssl_cert_key": "{vault://env/key}", "password": "{vault://env/p}"}`,
	} {
		if r := validate(t, "tiered-limit", limitWith(redis)); r.status != http.StatusOK {
			t.Errorf("%s: Kong says %s", redis, r.body)
		}
	}
}

func limitWith(redis string) string {
	return `{"tiers": [{"name": "a", "tps": 5}], "default_tier": "a", "redis": ` + redis + `}`
}
