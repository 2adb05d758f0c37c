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
	// FromError is a decision by on_redis_error, since Redis did not answer.
	FromError Source = "error"
	// FromTier is a decision without a store: the tier has no limit.
	FromTier Source = "tier"
)

// The policies that a request can violate, as an answer names them.
const (
	policyTPS   = "tps"
	policyDaily = "daily"
)

// Decision says what becomes of one request, and what its client is told.
type Decision struct {
	// Tier is the name of the tier that applied.
	Tier string
	// Admit lets the request pass.
	Admit bool
	// Store is what decided.
	Store Source
	// Second and Day are the states of the limits; zero where the tier has no such limit, or where it
	// is not known since Redis did not answer.
	Second, Day Window
}

// Window is the state of one limit after the request.
type Window struct {
	// Limit is the number of requests in the window; zero means that there is none.
	Limit int64
	// Remaining is how many more requests are admitted now.
	Remaining int64
	// ResetSeconds is how long, in seconds and at least one, until the window starts anew.
	ResetSeconds int64
	// RetryAfter is how long, in seconds and at least one, to wait; zero unless the limit is violated.
	RetryAfter int64
}

// limiter decides on requests by the counts of a store.
type limiter struct {
	store    Store
	failOpen bool
}

// decide debits one request of the consumer key. An error of the store is a decision too; the store
// itself reports it.
func (l limiter) decide(ctx context.Context, key string, t tier) Decision {
	o, err := l.store.Take(ctx, key, t.limits)
	if err != nil {
		return Decision{Tier: t.name, Admit: l.failOpen, Store: FromError}
	}
	return decided(t, o)
}

// decided turns a store's outcome into what a client is told.
func decided(t tier, o Outcome) Decision {
	d := Decision{Tier: t.name, Admit: o.Admitted, Store: FromRedis}
	if t.limits.TPS > 0 {
		// A bucket may hold more than a second's requests; more than the limit cannot remain of it.
		d.Second = Window{Limit: t.limits.TPS, Remaining: min(o.RateLeft, t.limits.TPS), ResetSeconds: 1}
		if o.RateWait > 0 {
			d.Second.RetryAfter = seconds(o.RateWait)
		}
	}
	if t.limits.Quota > 0 {
		d.Day = Window{Limit: t.limits.Quota, Remaining: o.DayLeft, ResetSeconds: seconds(o.DayEnds)}
		if !o.Admitted && o.DayLeft == 0 {
			d.Day.RetryAfter = seconds(o.DayEnds)
		}
	}
	return d
}

// tightest returns the window with the fewest requests remaining, of equals the longer one, as Kong's
// rate-limiting chooses it for RateLimit-*.
func (d Decision) tightest() Window {
	if d.Second.Limit == 0 || d.Day.Limit > 0 && d.Day.Remaining <= d.Second.Remaining {
		return d.Day
	}
	return d.Second
}

// retryAfter is the longest wait of the violated limits, in seconds.
func (d Decision) retryAfter() int64 { return max(d.Second.RetryAfter, d.Day.RetryAfter) }

// violated names the limits that rejected the request.
func (d Decision) violated() []string {
	var policies []string
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
