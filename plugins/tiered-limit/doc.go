// Package tieredlimit is the plugin tiered-limit: it limits each consumer to the requests per second
// and per day of its tier, over all gateways that share one Redis.
//
// # Limits
//
// A tier has a rate, a daily quota, both or neither.
//
//   - tps without burst admits at most tps requests in any rolling second [t, t+1s). The times of the
//     last tps admissions are kept, so this is exact, wherever the second begins.
//   - tps with burst is a token bucket: it holds at most burst requests and refills by tps a second.
//   - daily_quota admits that many requests in a calendar day of quota_timezone.
//
// All times are Redis' own: the gateways' clocks do not matter. Rate and quota are debited in one script
// call, both or neither, so a rejected request consumes nothing.
//
// # Whose limit
//
// A request counts for its consumer (limit_by consumer), for its credential, or without one its consumer
// (credential), or for its client's address as Kong's trusted_ips and real_ip_header tell it (ip). Where
// the first two find nobody, on_no_consumer says what happens: the address counts, the request is
// rejected with 403, or it passes uncounted.
//
// The tier is the instance's own (tier), else the one that stands last in tiers of those that the
// consumer's tags ("tier:gold") and the claim tier_claim of a verified token name, else default_tier. A
// name that is no tier's is logged once.
//
// Counts are kept by namespace and, with scope service or route, apart for each of them.
//
// # Answers
//
// A response carries the headers of Kong's bundled rate-limiting plugin under the same names, or RateLimit
// and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10), both or none. A rejected request gets
// error_code with Retry-After and a problem of type quota-exceeded which names the violated policies.
//
// With dry_run nothing is rejected. Each request tells the upstream in X-Tollgate-Dry-Run what would have
// become of it.
//
// The request that reaches a percent of quota_warn_percent of its day logs a warning: as each admitted
// request of a day has another count of those used, that is one over all gateways.
//
// # What a request waits for
//
// For what Kong tells of it. What the configuration needs is asked for at once, so that a request that passes waits
// once, and twice where it counts for its address only for want of a consumer:
//
//   - the consumer: with tier, only where limit_by needs the id and the instance is on no consumer
//   - the credential: with limit_by credential
//   - the claims: with tier_claim and without tier
//   - the address: where it counts, in a tier with limits
//   - the service or the route: with scope service or route, where the instance is not bound to it
//
// So an instance on a consumer, with its tier and the defaults, waits for none. A rejection waits for one
// more, the request id, unless the request before it was rejected too.
//
// # Where Redis is
//
// At one address, on a unix socket, wherever sentinels say, or on the nodes of a cluster (Redis), with TLS or
// without, on Redis 6.0 or later or on Valkey. Masters alone are asked. A call that may have debited is never
// made again; an error that is errNothingDone is certain to be of one that has not. Connections are opened in the
// background (dialer), and looked at before they are used again (link).
//
// # Without Redis
//
// A request waits for Redis at most redis.timeout. While eight writes to a Redis, or to a master of a Cluster, are
// unanswered, the calls that come wait for the first answer, an eighth of redis.timeout at most, and go out in
// one write (pipeline): each ends by its own request's deadline all the same. After five failures in a row, or when half of the last
// calls were bad, a breaker lets nobody wait, and Redis is probed in the background; on a Cluster each master
// has its own (shards). Meanwhile on_redis_error says whether this node admits its part of the limits (local), or
// requests pass (allow) or get 503 (deny). What is reported of it is the guard's standing.
//
// The part is the limit divided by the nodes that Redis has last counted (peers), at least one, of the rate
// and of what was left of the day (share). Together the nodes that are cut off admit at most what Redis would,
// so that they and the others admit at most twice the rate in a second and the quota in a day, plus one for
// each node where a limit is smaller than the nodes. The README says when that holds. What was admitted for a
// day is debited from it when Redis is back (settler), once: a batch that may have been debited is sent again
// under its number only, as long as Redis keeps that. What all connections to one Redis know is one (site), and
// outlives them as long as it counts.
//
// # In memory
//
// A gateway refuses an exhausted consumer without asking Redis (denials), and requests of one consumer
// that wait together share a call (flights). What it remembers is dropped when it may be wrong (watch).
//
// # In Redis
//
// A count has two keys under one hash tag, so that they share a Cluster slot: its state, a line of text that
// lives until the day's count ends, and for exact rates the ring of admission times, 7 bytes for each of the
// last tps, that goes within four seconds of the last admission. limit.lua says what is in them, and BENCH.md
// what they take: 225 to 258 bytes for a consumer that is idle, 1,226 for one that uses 100 tps. A call names the
// ring only where it needs it: with one key, a slot that moves costs no answer. An exact rate whose ring is not
// with its state then is kept by a bucket (redisStore.Take).
package tieredlimit
