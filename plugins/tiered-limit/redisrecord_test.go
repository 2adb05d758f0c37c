package tieredlimit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	"tollgate/test/redistest"
)

// withRedis is a configuration with a redis record.
func withRedis(record string) []byte {
	return []byte(`{"tiers": [{"name": "a"}], "default_tier": "a", "redis": ` + record + `}`)
}

func TestATargetNamesWhereRedisIsAndNoSecret(t *testing.T) {
	for record, want := range map[string]string{
		`{"host": "redis.internal"}`:          "redis.internal:6379",
		`{"host": "::1", "port": 7}`:          "[::1]:7",
		`{"socket": "/run/redis/redis.sock"}`: "/run/redis/redis.sock",
		`{"sentinel_master": "m", "sentinel_nodes": [{"host": "s2"}, {"host": "s1", "port": 7}], "sentinel_password": "hunter2"}`: "sentinel://m@s1:7,s2:26379",
		`{"cluster_nodes": [{"ip": "c2", "port": 7}, {"ip": "c1"}], "password": "hunter2"}`:                                       "cluster://c1:6379,c2:7",
	} {
		c, err := plugin.Decode[Config](Schema(), withRedis(record))
		if err != nil {
			t.Errorf("%s: %v", record, err)
		}
		if got := c.Redis.target(); got != want {
			t.Errorf("%s: target %q, want %q", record, got, want)
		}
	}
}

func TestRecordsThatMeanNothingAreRefusedWithTheirPlace(t *testing.T) {
	for _, row := range []struct{ name, record, want string }{
		{"nowhere", `{}`, "redis: needs at least one of host, socket, sentinel_nodes, cluster_nodes"},
		{"in two places", `{"host": "h", "socket": "/s"}`, "redis: must have only one of host, socket, sentinel_nodes, cluster_nodes, got host and socket"},
		{"in three", `{"host": "h", "sentinel_master": "m", "sentinel_nodes": [{"host": "s"}], "cluster_nodes": [{"ip": "c"}]}`, "got host and sentinel_nodes and cluster_nodes"},
		{"an empty list of sentinels", `{"sentinel_master": "m", "sentinel_nodes": []}`, "redis.sentinel_nodes: must have at least 1 elements"},
		{"an empty list of nodes", `{"cluster_nodes": []}`, "redis.cluster_nodes: must have at least 1 elements"},
		{"a node without an address", `{"cluster_nodes": [{"port": 1}]}`, "redis.cluster_nodes[1].ip: is required"},
		{"an empty host", `{"host": ""}`, "redis.host: must have at least 1 characters"},
		{"a host with a path", `{"host": "redis://h"}`, "redis.host: must match"},
		{"a host with a port", `{"host": "h:6379"}`, "redis.host: must be a name or an address, without a port"},
		{"a host in brackets", `{"host": "[::1]"}`, "redis.host: must be a name or an address, without a port and without brackets"},
		{"a sentinel with a port in its host", `{"sentinel_master": "m", "sentinel_nodes": [{"host": "a"}, {"host": "s:1"}]}`, "redis.sentinel_nodes[2].host: must be a name or an address"},
		{"a sentinel named twice", `{"sentinel_master": "m", "sentinel_nodes": [{"host": "a"}, {"host": "a"}]}`, "redis.sentinel_nodes[2]: must not be named twice"},
		{"a node with a port in its address", `{"cluster_nodes": [{"ip": "c:1"}]}`, "redis.cluster_nodes[1].ip: must be a name or an address"},
		{"a port that is none", `{"cluster_nodes": [{"ip": "c", "port": 0}]}`, "redis.cluster_nodes[1].port: must be between 1 and 65535, got 0"},
		{"a socket that is no path", `{"socket": "redis.sock"}`, "redis.socket: must match"},
		{"sentinels without a master", `{"sentinel_nodes": [{"host": "s"}]}`, "redis: must have all of sentinel_master, sentinel_nodes or none, got sentinel_nodes"},
		{"a master without sentinels", `{"host": "h", "sentinel_master": "m"}`, "must have all of sentinel_master, sentinel_nodes or none, got sentinel_master"},
		{"a role that does not write", `{"sentinel_master": "m", "sentinel_role": "slave", "sentinel_nodes": [{"host": "s"}]}`, "redis.sentinel_role: must be one of master"},
		{"a role without sentinels", `{"host": "h", "sentinel_role": "master"}`, "redis.sentinel_nodes: is required when sentinel_role is"},
		{"a sentinels' password without sentinels", `{"host": "h", "sentinel_password": "hunter2"}`, "redis.sentinel_nodes: is required when sentinel_password is a value that is not shown"},
		{"a sentinels' user without a password", `{"sentinel_master": "m", "sentinel_nodes": [{"host": "s"}], "sentinel_username": "u"}`, "redis.sentinel_password: is required"},
		{"a user without a password", `{"host": "h", "username": "u"}`, "redis.password: is required"},
		{"a database of a cluster", `{"cluster_nodes": [{"ip": "c"}], "database": 3}`, "redis.database: must be 0 when cluster_nodes is a list of 1"},
		{"TLS on a socket", `{"socket": "/s", "ssl": true}`, "redis.ssl: must be false when socket is"},
		{"a certificate without its key", `{"host": "h", "ssl": true, "ssl_cert": "x"}`, "redis: must have all of ssl_cert, ssl_cert_key or none, got ssl_cert"},
		{"a certificate without TLS", `{"host": "h", "ssl_cert": "x", "ssl_cert_key": "hunter2"}`, "redis.ssl: must be true when ssl_cert is"},
		{"authorities without TLS", `{"host": "h", "ssl_ca_cert": "x"}`, "redis.ssl: must be true when ssl_ca_cert is"},
		{"authorities that are not asked", `{"host": "h", "ssl": true, "ssl_verify": false, "ssl_ca_cert": "x"}`, "redis.ssl_verify: must be true when ssl_ca_cert is"},
		{"authorities that are none", `{"host": "h", "ssl": true, "ssl_ca_cert": "hunter2"}`, "redis.ssl_ca_cert: must be certificates in PEM"},
		{"a certificate that is none", `{"host": "h", "ssl": true, "ssl_cert": "hunter2", "ssl_cert_key": "hunter2"}`, "redis.ssl_cert: must be a certificate in PEM"},
		{"no redirections", `{"cluster_nodes": [{"ip": "c"}], "cluster_max_redirections": 0}`, "redis.cluster_max_redirections: must be between 1 and 16"},
		{"a timeout of zero", `{"host": "h", "timeout": 0}`, "redis.timeout: must be between 1 and 10000, got 0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := plugin.Decode[Config](Schema(), withRedis(row.record))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q in it", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is in %v", err)
			}
		})
	}
}

func TestAllProblemsOfARedisRecordAreToldAtOnce(t *testing.T) {
	_, err := plugin.Decode[Config](Schema(), withRedis(`{"host": "h:1", "database": 1, "cluster_nodes": [{"ip": "c:1"}, {"ip": "c", "port": 0}],
		"ssl_ca_cert": "x", "ssl_cert": "x", "timeout": 0}`))
	var list *schema.Error
	if !errors.As(err, &list) {
		t.Fatalf("error %v", err)
	}
	var paths []string
	for _, p := range list.Problems {
		paths = append(paths, p.Path)
	}
	for _, want := range []string{"redis", "redis.host", "redis.database", "redis.cluster_nodes[1].ip", "redis.cluster_nodes[2].port", "redis.ssl", "redis.ssl_ca_cert", "redis.timeout"} {
		if !slices.Contains(paths, want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
}

func TestCertificatesAreRead(t *testing.T) {
	ca := redistest.NewAuthority(t)
	cert, key := ca.Sign(t, "client")
	_, other := ca.Sign(t, "other")
	good := Redis{SSL: true, SSLVerify: true, SSLCACert: ca.PEM, SSLCert: cert, SSLCertKey: key}
	var p schema.Problems
	good.validate(&p)
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	config, err := good.tls()
	if err != nil || config.RootCAs == nil || len(config.Certificates) != 1 || config.InsecureSkipVerify {
		t.Errorf("%+v, %v", config, err)
	}
	for name, bad := range map[string]string{"the key of another certificate": other, "a key that is none": "hunter2", "a certificate for a key": cert} {
		good.SSLCertKey = bad
		var p schema.Problems
		good.validate(&p)
		if err := p.Err(); err == nil || !strings.HasPrefix(err.Error(), "redis.ssl_cert_key: must be the key of ssl_cert") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := newRedisStore(good, limitScript, nil); err == nil {
			t.Errorf("%s: a store was opened", name)
		}
	}
}

func TestWithoutVerificationTheServersNameIsStillSent(t *testing.T) {
	config, err := Redis{SSL: true, ServerName: "cache.example"}.tls()
	if err != nil || config.ServerName != "cache.example" || !config.InsecureSkipVerify {
		t.Errorf("%+v, %v", config, err)
	}
	if config, err := (Redis{}).tls(); config != nil || err != nil {
		t.Errorf("TLS without ssl: %+v, %v", config, err)
	}
}
