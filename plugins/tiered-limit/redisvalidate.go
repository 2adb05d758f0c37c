package tieredlimit

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tollgate/internal/schema"
)

// validate reports what Kong's schema language cannot say of a redis record.
func (c Redis) validate(p *schema.Problems) {
	if c.Host != "" {
		checkHost(p, "redis.host", c.Host)
	}
	for i, n := range c.SentinelNodes {
		path := fmt.Sprintf("redis.sentinel_nodes[%d]", i+1)
		checkHost(p, schema.Join(path, "host"), n.Host)
		if slices.Contains(c.SentinelNodes[:i], n) {
			p.Add(path, "must not be named twice") // its vote would count twice
		}
	}
	for i, n := range c.ClusterNodes {
		checkHost(p, fmt.Sprintf("redis.cluster_nodes[%d].ip", i+1), n.IP)
	}
	if _, err := authorities(c.SSLCACert); err != nil {
		p.Add("redis.ssl_ca_cert", err.Error())
	}
	if _, err := keyPair(c.SSLCert, c.SSLCertKey); err != nil {
		field := "redis.ssl_cert"
		if errors.Is(err, errBadKey) {
			field = "redis.ssl_cert_key"
		}
		p.Add(field, err.Error())
	}
}

// checkHost leaves an absent host to the schema.
func checkHost(p *schema.Problems, path, host string) {
	if host != "" && !isHost(host) {
		p.Add(path, "must be a name or an address, without a port and without brackets")
	}
}

// isHost tells a host from an address with a port.
func isHost(host string) bool {
	if strings.Contains(host, ":") {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	return !strings.ContainsAny(host, "[]")
}
