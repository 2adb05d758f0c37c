package tieredlimit

import (
	"fmt"
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
	c.Redis.validate(&p)
	return p.Err()
}

// tierPath names a tier by its name, else by its position, as the schema's own problems do.
func tierPath(i int, t Tier) string {
	if t.Name == "" {
		return fmt.Sprintf("tiers[%d]", i+1)
	}
	return schema.Join("tiers", t.Name)
}
