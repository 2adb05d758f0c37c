package tieredlimit

import "tollgate/internal/schema"

// Name is the plugin's name in Kong.
const Name = "tiered-limit"

// Schema declares the configuration, for Kong and for Go.
func Schema() schema.Plugin {
	return schema.Plugin{
		Name:      Name,
		Protocols: []string{"grpc", "grpcs", "http", "https"},
		Config: schema.Record{Fields: []schema.Field{
			{Name: "tiers", Kind: schema.Array, Rules: schema.Rules{Required: true, LenMin: 1},
				Doc:      "The limits that consumers can have. Of several that a consumer is tagged with, the one that stands last holds.",
				Elements: &schema.Field{Kind: schema.Object, Record: tierRecord()}},
			{Name: "default_tier", Kind: schema.String, Rules: schema.Rules{Required: true},
				Doc: "The tier of consumers without a tier tag, and of requests without a consumer. Must be the name of a tier."},
			{Name: "tier_tag_prefix", Kind: schema.String, Default: "tier:", Rules: schema.Rules{Required: true},
				Doc: "What a consumer's tag starts with to name a tier: `tier:gold` names gold."},
			{Name: "redis", Kind: schema.Object, Record: redisRecord(),
				Doc: "The Redis that keeps the counts. Gateways with the same Redis share them."},
			{Name: "on_redis_error", Kind: schema.String, Default: allow,
				Rules: schema.Rules{Required: true, OneOf: []string{allow, "deny"}},
				Doc:   "What happens to requests while Redis does not answer: they pass unlimited (allow), or get 503 (deny)."},
		}},
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
				Doc: "Requests per calendar day in UTC. Absent means no limit."},
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

func redisRecord() schema.Record {
	return schema.Record{Fields: []schema.Field{
		{Name: "host", Kind: schema.String, Rules: schema.Rules{Required: true, Match: `^[^%s/]+$`},
			Doc: "The host name or address of Redis."},
		{Name: "port", Kind: schema.Integer, Default: 6379, Rules: schema.Rules{Required: true, Between: schema.Between(1, 65535)},
			Doc: "The TCP port of Redis."},
		{Name: "timeout", Kind: schema.Integer, Default: 50, Rules: schema.Rules{Required: true, Between: schema.Between(1, 10_000)},
			Doc: "The most that a request waits on Redis, in milliseconds: connecting, sending and the answer together."},
		{Name: "username", Kind: schema.String, Referenceable: true,
			Doc: "The ACL user. Absent means the default user."},
		{Name: "password", Kind: schema.String, Referenceable: true, Encrypted: true,
			Doc: "The user's password. Absent means none."},
		{Name: "database", Kind: schema.Integer, Default: 0, Rules: schema.Rules{Required: true, Between: schema.Between(0, 65535)},
			Doc: "The number of the database."},
		{Name: "ssl", Kind: schema.Boolean, Default: false, Rules: schema.Rules{Required: true},
			Doc: "Whether to connect with TLS, 1.2 or later."},
		{Name: "ssl_verify", Kind: schema.Boolean, Default: true, Rules: schema.Rules{Required: true},
			Doc: "Whether to check the server's certificate against the system's authorities. Means nothing without ssl."},
		{Name: "server_name", Kind: schema.String,
			Doc: "The name that the server's certificate must bear, also sent as SNI. Absent means the host."},
	}}
}
