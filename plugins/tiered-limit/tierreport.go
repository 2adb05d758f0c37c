package tieredlimit

import (
	"cmp"
	"slices"
	"sync"
)

// configurationReport tells of one configuration that is in use, or was within the last minutes.
type configurationReport struct {
	Target       string `json:"target"`
	Namespace    string `json:"namespace"`
	LimitBy      string `json:"limit_by"`
	Scope        string `json:"scope"`
	OnRedisError string `json:"on_redis_error"`
	DryRun       bool   `json:"dry_run"`
	// Tier is that of an instance that has its own, else DefaultTier is that of consumers that name none.
	Tier        string       `json:"tier,omitempty"`
	DefaultTier string       `json:"default_tier,omitempty"`
	Tiers       []tierReport `json:"tiers"`
}

// tierReport is a tier; what it does not limit is left out.
type tierReport struct {
	Name          string `json:"name"`
	TPS           int64  `json:"tps,omitempty"`
	Burst         int64  `json:"burst,omitempty"`
	DailyQuota    int64  `json:"daily_quota,omitempty"`
	QuotaTimezone string `json:"quota_timezone,omitempty"`
}

func newConfigurationReport(c Config) configurationReport {
	r := configurationReport{
		Target: siteName(c.Redis), Namespace: c.Namespace, LimitBy: c.LimitBy, Scope: c.Scope,
		OnRedisError: c.OnRedisError, DryRun: c.DryRun, Tier: c.Tier, Tiers: make([]tierReport, 0, len(c.Tiers)),
	}
	if c.Tier == "" {
		r.DefaultTier = c.DefaultTier
	}
	for _, t := range c.Tiers {
		told := tierReport{Name: t.Name, TPS: valueOr0(t.TPS), Burst: valueOr0(t.Burst), DailyQuota: valueOr0(t.DailyQuota)}
		if told.DailyQuota > 0 {
			told.QuotaTimezone = t.QuotaTimezone
		}
		r.Tiers = append(r.Tiers, told)
	}
	return r
}

// configurations are those that the process holds. The zero value is ready to use.
type configurations struct {
	mu   sync.Mutex
	held map[*configurationReport]struct{}
}

// hold adds one until it is released.
func (c *configurations) hold(r configurationReport) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[*configurationReport]struct{}{}
	}
	c.held[&r] = struct{}{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.held, &r)
	}
}

// report tells of all, in an order that does not change.
func (c *configurations) report() []configurationReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]configurationReport, 0, len(c.held))
	for r := range c.held {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b configurationReport) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Tier, b.Tier),
			cmp.Compare(a.DefaultTier, b.DefaultTier), cmp.Compare(len(a.Tiers), len(b.Tiers)))
	})
	return out
}
