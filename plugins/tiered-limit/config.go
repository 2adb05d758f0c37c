package tieredlimit

// Config is the plugin's configuration. Schema holds its defaults and bounds.
type Config struct {
	// Tiers are the limits that consumers can have. Of several that are named for a consumer, the one
	// that stands last holds. At least one.
	Tiers []Tier `json:"tiers"`
	// DefaultTier names the tier of requests for which nothing else names one.
	DefaultTier string `json:"default_tier"`
	// Tier names the instance's own tier, for a plugin on a consumer: tags and claim do not count.
	// Absent means none.
	Tier string `json:"tier"`
	// TierTagPrefix is what a consumer's tag starts with to name a tier; default "tier:".
	TierTagPrefix string `json:"tier_tag_prefix"`
	// TierClaim is the claim of the verified token, as jwks-verify leaves it, that names a tier or a
	// list of them. Absent means none.
	TierClaim string `json:"tier_claim"`

	// LimitBy is what requests are counted by: consumer (default), credential or ip.
	LimitBy string `json:"limit_by"`
	// OnNoConsumer is what happens to requests that LimitBy finds nobody for: they count for the
	// client's address (ip, default), get 403 (reject), or pass uncounted (skip).
	OnNoConsumer string `json:"on_no_consumer"`
	// Scope is where a count holds: everywhere (consumer, default), or for each service or route apart.
	Scope string `json:"scope"`
	// Namespace keeps counts apart from those of other namespaces; at most 64 letters, digits, "_", "."
	// and "-"; default "default".
	Namespace string `json:"namespace"`
	// DryRun counts, logs and marks, and rejects nothing; default false.
	DryRun bool `json:"dry_run"`

	// Headers are the rate-limit headers of responses: kong (default), ietf, both or none.
	Headers string `json:"headers"`
	// RetryAfterJitterSeconds is the most that is added to Retry-After at random, in seconds, 0 to
	// 3600; default 0, none.
	RetryAfterJitterSeconds int64 `json:"retry_after_jitter_seconds"`
	// ErrorCode is the status of a request that exceeds a limit, 400 to 599; default 429.
	ErrorCode int `json:"error_code"`
	// ErrorMessage is the detail that its answer gives. Absent means none.
	ErrorMessage string `json:"error_message"`
	// LogDecision is which requests the access log tells of: all, rejected (default) or none.
	LogDecision string `json:"log_decision"`
	// QuotaWarnPercent are the shares of a day's quota, in percent, 1 to 99, of which the operator is
	// told when they are used up; default 80 and 95, empty is none.
	QuotaWarnPercent []int `json:"quota_warn_percent"`

	// Redis keeps the counts.
	Redis Redis `json:"redis"`
	// OnRedisError is what happens to requests while Redis does not answer: each gateway admits its part of
	// the limits (local, default), or they pass unlimited (allow), or get 503 (deny).
	OnRedisError string `json:"on_redis_error"`
	// FallbackNodes is how many gateways there are taken to be by one that was started while Redis did not
	// answer, 1 to 10,000; default 2.
	FallbackNodes int64 `json:"fallback_nodes"`
}

// Tier is one set of limits. A limit that is absent does not limit.
type Tier struct {
	// Name is what tags and claims name: a letter or digit, then letters, digits, "_", "." and "-".
	Name string `json:"name"`
	// TPS is requests per second, 1 to 1,000,000; above MaxExactTPS only with Burst.
	TPS *int64 `json:"tps"`
	// Burst turns the rate into a token bucket that holds this many requests, 1 to 1,000,000. It needs
	// TPS. Absent means that no rolling second has more than TPS.
	Burst *int64 `json:"burst"`
	// DailyQuota is requests per calendar day, 1 to 10^12.
	DailyQuota *int64 `json:"daily_quota"`
	// QuotaTimezone is the zone of that day, a name of the IANA database; default "UTC".
	QuotaTimezone string `json:"quota_timezone"`
}

// MaxExactTPS is the highest rate without a burst: an exact rate keeps 7 bytes for each request of a
// second in Redis.
const MaxExactTPS = 10_000

// limits returns the tier's limits as the core takes them.
func (t Tier) limits(days *calendars) (Limits, error) {
	l := Limits{TPS: valueOr0(t.TPS), Burst: valueOr0(t.Burst), Quota: valueOr0(t.DailyQuota)}
	if l.Quota == 0 {
		return l, nil
	}
	var err error
	l.Days, err = days.of(t.QuotaTimezone)
	return l, err
}

func valueOr0(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}
