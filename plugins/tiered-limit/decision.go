package tieredlimit

import (
	"context"
	"time"
)

// Source tells what a Decision rests on.
type Source string

// The sources of a decision.
const (
	// FromRedis is a decision that Redis made.
	FromRedis Source = "redis"
	// FromMemory is a denial from the node's memory of what Redis said.
	FromMemory Source = "memory"
	// FromLocal is a decision by the node's part of the limits, since Redis did not answer.
	FromLocal Source = "local"
	// FromError is a decision by on_redis_error, since Redis did not answer.
	FromError Source = "error"
	// FromTier is a decision without a store: the tier has no limit.
	FromTier Source = "tier"
	// FromAnonymous is a decision by on_no_consumer, without a store.
	FromAnonymous Source = "anonymous"
)

// Verdict is what becomes of a request.
type Verdict string

// The verdicts.
const (
	// Admitted lets a request pass.
	Admitted Verdict = "admitted"
	// Rejected answers a request in the upstream's place.
	Rejected Verdict = "rejected"
	// Skipped lets a request pass that nobody counts.
	Skipped Verdict = "skipped"
)

// The policies that a request can violate, as an answer names them.
const (
	policyTPS   = "tps"
	policyDaily = "daily"
)

// Decision says what becomes of one request, and what its client is told.
type Decision struct {
	// Tier is the name of the tier that applied; empty where none was chosen.
	Tier string
	// Verdict says whether the request passes.
	Verdict Verdict
	// Store is what decided.
	Store Source
	// Second and Day are the states of the limits; zero where the tier has no such limit, or where it
	// is not known since nothing was counted.
	Second, Day Window
}

// Window is the state of one limit after the request.
type Window struct {
	// Limit is the number of requests in the window, with those that an operator has granted; zero means
	// that there is none.
	Limit int64
	// Remaining is how many more requests are admitted now.
	Remaining int64
	// ResetSeconds is how long, in seconds and at least one, until the window starts anew.
	ResetSeconds int64
	// RetryAfter is how long, in seconds and at least one, to wait; zero unless the limit is violated.
	RetryAfter int64
}

// counter counts requests; the core implements it (memory in front of Redis).
type counter interface {
	// Count debits one request of key from the tier's limits. The Outcome is of this request alone:
	// Admitted is 0 or 1.
	Count(ctx context.Context, key string, t tier) (Outcome, Source, error)
}

// What becomes of requests while Redis does not answer, as the option on_redis_error names it.
const (
	onErrorLocal = "local"
	onErrorAllow = "allow"
	onErrorDeny  = "deny"
)

// limiter decides on requests by what a counter counts, and without it by its own means.
type limiter struct {
	counter counter
	onError string
	local   *local
	// unseen is how many nodes there are taken to be where Redis has never told.
	unseen int64
}

// decide debits one request of key. An error of the counter is a decision too; who keeps the counts
// reports it.
func (l limiter) decide(ctx context.Context, key string, t tier) Decision {
	o, from, err := l.counter.Count(ctx, key, t)
	switch {
	case err == nil:
		return decided(t, o, from)
	case l.onError == onErrorLocal:
		return rationed(t, l.local.take(key, t.limits, l.unseen))
	case l.onError == onErrorAllow && t.limits.Quota > 0:
		l.local.note(key, t.limits)
	}
	return Decision{Tier: t.name, Verdict: verdictOf(l.onError == onErrorAllow), Store: FromError}
}

// rationed turns what a node says of its part into what a client is told. Where the part of the day is used up and
// the day is not, nobody is sent away until it ends: Redis may be back in a second.
func rationed(t tier, r ration) Decision {
	d := decided(t, r.Outcome, FromLocal)
	if r.dayLasts && d.Day.RetryAfter > 0 {
		d.Day.RetryAfter = unavailableRetry
	}
	return d
}

// decided turns an outcome into what a client is told.
func decided(t tier, o Outcome, from Source) Decision {
	d := Decision{Tier: t.name, Verdict: verdictOf(o.Admitted > 0), Store: from}
	if t.limits.TPS > 0 {
		// A bucket may hold more than a second's requests; more than the limit cannot remain of it.
		d.Second = Window{Limit: t.limits.TPS, Remaining: min(o.RateLeft, t.limits.TPS), ResetSeconds: 1}
		if o.Admitted == 0 && o.RateLeft == 0 {
			d.Second.RetryAfter = seconds(o.RateWait)
		}
	}
	if t.limits.Quota > 0 {
		d.Day = Window{Limit: t.limits.Quota + o.Granted, Remaining: o.DayLeft, ResetSeconds: seconds(o.DayEnds)}
		if o.Admitted == 0 && o.DayLeft == 0 {
			d.Day.RetryAfter = seconds(o.DayEnds)
		}
	}
	return d
}

// anonymous decides by on_no_consumer on a request that nobody is known to make.
func anonymous(onNoConsumer string) Decision {
	if onNoConsumer == anonymousReject {
		return Decision{Verdict: Rejected, Store: FromAnonymous}
	}
	return Decision{Verdict: Skipped, Store: FromAnonymous}
}

func verdictOf(admitted bool) Verdict {
	if admitted {
		return Admitted
	}
	return Rejected
}

// dayIsTighter tells which window has the fewest requests remaining, of equals the longer one, as Kong's
// rate-limiting chooses it for RateLimit-*.
func (d Decision) dayIsTighter() bool {
	return d.Second.Limit == 0 || d.Day.Limit > 0 && d.Day.Remaining <= d.Second.Remaining
}

// retryAfter is the longest wait of the violated limits, in seconds and at least one.
func (d Decision) retryAfter() int64 { return max(1, d.Second.RetryAfter, d.Day.RetryAfter) }

// violated names the limits that rejected the request.
func (d Decision) violated() []string {
	policies := make([]string, 0, 2)
	if d.Second.RetryAfter > 0 {
		policies = append(policies, policyTPS)
	}
	if d.Day.RetryAfter > 0 {
		policies = append(policies, policyDaily)
	}
	return policies
}

// seconds rounds up to whole seconds, at least one (RFC 9110, section 10.2.3, has no fractions).
func seconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}
