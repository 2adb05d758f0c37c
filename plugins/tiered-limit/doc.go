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
//   - daily_quota admits that many requests in a calendar day, UTC.
//
// All times are Redis' own: the gateways' clocks do not matter. Rate and quota are debited in one script
// call, both or neither, so a rejected request consumes nothing.
//
// # Whose limit
//
// A request counts for its consumer; without one, for its client's address (as Kong's trusted_ips and
// real_ip_header tell it), in the default tier. A consumer's tier is named by a tag, "tier:gold". Of
// several, the one that stands last in tiers holds; a name that is no tier's is logged once.
//
// # Answers
//
// An admitted response carries the headers of Kong's bundled rate-limiting plugin, under the same names.
// A rejected request gets 429 with Retry-After and a problem of type quota-exceeded
// (draft-ietf-httpapi-ratelimit-headers-10) which names the violated policies.
//
// # Without Redis
//
// A request waits for Redis at most redis.timeout. After five failures in a row a breaker answers in its
// place, and asks Redis again with one request a second. Meanwhile on_redis_error says whether requests
// pass (allow) or get 503 (deny).
//
// # In Redis
//
// A consumer has two keys under one hash tag, so that they share a Cluster slot: its state, some 40 bytes
// of text that live until the day's count ends, and for exact rates the ring of admission times, at most
// 7 bytes times tps, that goes three seconds after the last admission.
package tieredlimit
