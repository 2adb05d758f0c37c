package tieredlimit

import (
	"fmt"
	"slices"
	"strings"

	"tollgate/internal/schema"
)

// Config is the plugin's configuration. Schema holds its defaults and bounds.
type Config struct {
	// Tiers are the limits that consumers can have. Of several that a consumer is tagged with, the one
	// that stands last holds. At least one.
	Tiers []Tier `json:"tiers"`
	// DefaultTier names the tier of consumers without a tier tag, and of requests without a consumer.
	DefaultTier string `json:"default_tier"`
	// TierTagPrefix is what a consumer's tag starts with to name a tier; default "tier:".
	TierTagPrefix string `json:"tier_tag_prefix"`
	// Redis keeps the counts.
	Redis Redis `json:"redis"`
	// OnRedisError is what happens to requests while Redis does not answer: allow (default) or deny.
	OnRedisError string `json:"on_redis_error"`
}

// Tier is one set of limits. A limit that is absent does not limit.
type Tier struct {
	// Name is what the tag names: a letter or digit, then letters, digits, "_", "." and "-".
	Name string `json:"name"`
	// TPS is requests per second, 1 to 1,000,000; above MaxExactTPS only with Burst.
	TPS *int64 `json:"tps"`
	// Burst turns the rate into a token bucket that holds this many requests, 1 to 1,000,000. It needs
	// TPS. Absent means that no rolling second has more than TPS.
	Burst *int64 `json:"burst"`
	// DailyQuota is requests per calendar day in UTC, 1 to 10^12.
	DailyQuota *int64 `json:"daily_quota"`
}

// Redis says where and how to reach Redis.
type Redis struct {
	// Host is a name or an address.
	Host string `json:"host"`
	// Port is a TCP port; default 6379.
	Port int `json:"port"`
	// Timeout is the most that a request waits on Redis, in milliseconds, 1 to 10,000; default 50.
	Timeout int `json:"timeout"`
	// Username is the ACL user; absent means Redis' default user.
	Username string `json:"username"`
	// Password is the user's password; absent means none.
	Password string `json:"password"`
	// Database is the number of the database; default 0.
	Database int `json:"database"`
	// SSL connects with TLS 1.2 or later; default false.
	SSL bool `json:"ssl"`
	// SSLVerify checks the server's certificate against the system's authorities; default true. It
	// means nothing without SSL.
	SSLVerify bool `json:"ssl_verify"`
	// ServerName is the name that the certificate must bear, sent as SNI; absent means Host.
	ServerName string `json:"server_name"`
}

// MaxExactTPS is the highest rate without a burst: an exact rate keeps 7 bytes for each request of a
// second in Redis.
const MaxExactTPS = 10_000

// allow is the value of on_redis_error that lets requests pass.
const allow = "allow"

var _ schema.Validator = (*Config)(nil)

// Validate reports what Kong's schema language cannot say.
func (c *Config) Validate() error {
	var p schema.Problems
	names := make([]string, 0, len(c.Tiers))
	for _, t := range c.Tiers {
		if slices.Contains(names, t.Name) {
			p.Add(schema.Join("tiers", t.Name), "must not have the name of another tier")
		}
		names = append(names, t.Name)
	}
	if !slices.Contains(names, c.DefaultTier) {
		p.Add("default_tier", fmt.Sprintf("must be one of the tiers %s, got %q", strings.Join(names, ", "), c.DefaultTier))
	}
	return p.Err()
}

// limits returns the tier's limits as the core takes them.
func (t Tier) limits() Limits {
	return Limits{TPS: valueOr0(t.TPS), Burst: valueOr0(t.Burst), Quota: valueOr0(t.DailyQuota)}
}

func valueOr0(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}
