package tieredlimit

import (
	"slices"

	"tollgate/internal/schema"
)

// Name is the plugin's name in Kong.
const Name = "tiered-limit"

// Schema declares the configuration, for Kong and for Go.
func Schema() schema.Plugin {
	return schema.Plugin{
		Name:      Name,
		Protocols: []string{"grpc", "grpcs", "http", "https"},
		Config:    schema.Record{Fields: slices.Concat(tierFields(), countFields(), answerFields(), storeFields())},
	}
}

// tierFields say which limits a request has.
func tierFields() []schema.Field {
	return []schema.Field{
		{Name: "tiers", Kind: schema.Array, Rules: schema.Rules{Required: true, LenMin: 1},
			Doc:      "The limits that consumers can have. Of several that are named for a consumer, the one that stands last holds.",
			Elements: &schema.Field{Kind: schema.Object, Record: tierRecord()}},
		{Name: "default_tier", Kind: schema.String, Rules: schema.Rules{Required: true},
			Doc: "The tier of requests for which neither a tag nor the claim names one. Must be the name of a tier."},
		{Name: "tier", Kind: schema.String,
			Doc: "The tier of all requests, whatever tags and claim say: for a plugin on a consumer. Must be the name of a tier. Absent means that tags and claim count."},
		{Name: "tier_tag_prefix", Kind: schema.String, Default: "tier:", Rules: schema.Rules{Required: true},
			Doc: "What a consumer's tag starts with to name a tier: `tier:gold` names gold."},
		{Name: "tier_claim", Kind: schema.String,
			Doc: "The claim of the token that jwks-verify verified whose value names a tier, or several in a list, without a prefix. Absent means none."},
	}
}

// countFields say whose count a request debits.
func countFields() []schema.Field {
	return []schema.Field{
		choice("limit_by", byConsumer, []string{byCredential, byIP},
			"What requests are counted by: the consumer, the credential (without one, the consumer), or the client's address."),
		choice("on_no_consumer", anonymousIP, []string{anonymousReject, anonymousSkip},
			"What happens to requests that limit_by finds nobody for: they count for the client's address (ip), get 403 (reject), or pass uncounted (skip)."),
		choice("scope", scopeConsumer, []string{scopeService, scopeRoute},
			"Where a count holds: on all services and routes (consumer), or on each service or each route apart."),
		{Name: "namespace", Kind: schema.String, Default: "default", Rules: schema.Rules{Required: true, Match: `^%w[%w_.%-]*$`, LenMax: 64},
			Doc: "Counts of different namespaces are apart. A letter or digit, then letters, digits, `_`, `.` and `-`."},
		{Name: "dry_run", Kind: schema.Boolean, Default: false, Rules: schema.Rules{Required: true},
			Doc: "Counts and logs, and tells the upstream in X-Tollgate-Dry-Run, but rejects nothing."},
	}
}

// answerFields say what clients and operators are told.
func answerFields() []schema.Field {
	return []schema.Field{
		choice("headers", headersKong, []string{headersIETF, headersBoth, headersNone},
			"The rate-limit headers of responses: those of Kong's rate-limiting (kong), RateLimit and RateLimit-Policy (ietf), both or none. A rejection has Retry-After in any case."),
		{Name: "retry_after_jitter_seconds", Kind: schema.Integer, Default: 0, Rules: schema.Rules{Required: true, Between: schema.Between(0, 3600)},
			Doc: "The most that is added to Retry-After at random, in seconds, so that clients do not come back all at once. 0 adds none."},
		{Name: "error_code", Kind: schema.Integer, Default: 429, Rules: schema.Rules{Required: true, Between: schema.Between(400, 599)},
			Doc: "The status of the answer to a request that exceeds a limit."},
		{Name: "error_message", Kind: schema.String,
			Doc: "The detail in the body of that answer, for the client to read. Absent means none."},
		choice("log_decision", logRejected, []string{logAll, logNone},
			"Which requests get the member tollgate.tiered_limit in Kong's access log."),
		{Name: "quota_warn_percent", Kind: schema.Array, Default: []int{80, 95},
			Elements: &schema.Field{Kind: schema.Integer, Rules: schema.Rules{Between: schema.Between(1, 99)}},
			Doc:      "Shares of daily_quota, in percent. When one is used up, there is a warning in Kong's log, once for each count and day over all gateways. An empty list warns of none."},
	}
}

// storeFields say where the counts are.
func storeFields() []schema.Field {
	return []schema.Field{
		{Name: "redis", Kind: schema.Object, Record: redisRecord(),
			Doc: "The Redis that keeps the counts. Gateways with the same Redis share them."},
		choice("on_redis_error", onErrorLocal, []string{onErrorAllow, onErrorDeny},
			"What happens to requests while Redis does not answer: each gateway admits its part of the limits (local), or they pass unlimited (allow), or get 503 (deny)."),
		{Name: "fallback_nodes", Kind: schema.Integer, Default: 2, Rules: schema.Rules{Required: true, Between: schema.Between(1, 10_000)},
			Doc: "How many gateways share the limits, for one that was started while Redis did not answer: others know it from Redis. Means nothing unless on_redis_error is local."},
	}
}

// choice is a field with one of some words, the first of them its default.
func choice(name, standard string, others []string, doc string) schema.Field {
	return schema.Field{
		Name: name, Kind: schema.String, Default: standard, Doc: doc,
		Rules: schema.Rules{Required: true, OneOf: append([]string{standard}, others...)},
	}
}

func tierRecord() schema.Record {
	return schema.Record{
		Fields: []schema.Field{
			{Name: "name", Kind: schema.String, Rules: schema.Rules{Required: true, Match: `^%w[%w_.%-]*$`, LenMax: 64},
				Doc: "The tier's name: a letter or digit, then letters, digits, `_`, `.` and `-`. Unique."},
			{Name: "tps", Kind: schema.Integer, Rules: schema.Rules{Between: schema.Between(1, 1_000_000)},
				Doc: "Requests per second. Without burst no rolling second has more. Absent means no limit."},
			{Name: "burst", Kind: schema.Integer, Rules: schema.Rules{Between: schema.Between(1, 1_000_000)},
				Doc: "Requests that may come at once, with tps as the sustained rate. Needs tps, and is needed above 10,000 tps. Absent means that tps holds in any second."},
			{Name: "daily_quota", Kind: schema.Integer, Rules: schema.Rules{Between: schema.Between(1, 1e12)},
				Doc: "Requests per calendar day. Absent means no limit."},
			{Name: "quota_timezone", Kind: schema.String, Default: "UTC", Rules: schema.Rules{Required: true},
				Doc: "The time zone of that day, by its name in the IANA database, such as Europe/Berlin. The node must know it."},
		},
		Checks: []schema.Check{
			whenAbove("burst", 0, "tps"),
			whenAbove("tps", MaxExactTPS, "burst"),
		},
	}
}

// whenAbove demands the field then where the field is present and above bound. Kong takes an absent
// field for a match of any rule but required (validate_field in kong/db/schema/init.lua).
func whenAbove(field string, bound float64, then string) schema.Check {
	return schema.Check{Conditional: &schema.Conditional{
		IfField: field, IfMatch: schema.Rules{Required: true, Gt: schema.Above(bound)},
		ThenField: then, ThenMatch: schema.Rules{Required: true},
	}}
}
