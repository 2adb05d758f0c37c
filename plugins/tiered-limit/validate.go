package tieredlimit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tollgate/internal/schema"
)

var _ schema.Validator = (*Config)(nil)

// Validate reports what Kong's schema language cannot say. What is absent it leaves to the schema.
func (c *Config) Validate() error {
	var p schema.Problems
	names := make([]string, 0, len(c.Tiers))
	for i, t := range c.Tiers {
		if slices.Contains(names, t.Name) {
			p.Add(tierPath(i, t), "must not have the name of another tier")
		} else {
			names = append(names, t.Name)
		}
		if t.QuotaTimezone == "" {
			continue
		}
		if _, err := loadZone(t.QuotaTimezone); err != nil {
			p.Add(schema.Join(tierPath(i, t), "quota_timezone"), err.Error())
		}
	}
	for _, named := range [...]struct{ by, tier string }{{"default_tier", c.DefaultTier}, {"tier", c.Tier}} {
		if named.tier != "" && !slices.Contains(names, named.tier) {
			p.Add(named.by, fmt.Sprintf("must be one of the tiers %s, got %q", strings.Join(names, ", "), named.tier))
		}
	}
	if !isHost(c.Redis.Host) {
		p.Add("redis.host", "must be a name or an address, without a port and without brackets")
	}
	return p.Err()
}

// isHost tells a host from an address with a port.
func isHost(host string) bool {
	if strings.Contains(host, ":") {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	return !strings.ContainsAny(host, "[]")
}

// tierPath names a tier by its name, else by its position, as the schema's own problems do.
func tierPath(i int, t Tier) string {
	if t.Name == "" {
		return fmt.Sprintf("tiers[%d]", i+1)
	}
	return schema.Join("tiers", t.Name)
}
