package tieredlimit

import (
	"context"
	"time"
)

// Limits are what one consumer may use. Zero means that there is no such limit. Two are equal where
// they limit alike.
type Limits struct {
	// TPS is requests per second: in any rolling second, or sustained where there is a Burst.
	TPS int64
	// Burst is how many requests may come at once.
	Burst int64
	// Quota is requests per day.
	Quota int64
	// Days tells where days begin; nil where there is no Quota.
	Days *calendar
}

func (l Limits) unlimited() bool { return l.TPS == 0 && l.Quota == 0 }

// Outcome is a store's answer to requests that came together.
type Outcome struct {
	// Admitted is how many of them were debited, each from all limits.
	Admitted int64
	// RateLeft is how many more requests the rate would admit now, DayLeft how many the day would; zero
	// where there is no such limit.
	RateLeft, DayLeft int64
	// RateWait is the time until the rate admits another; zero unless RateLeft is zero and there is a rate.
	RateWait time.Duration
	// Granted is what an operator has added to the day's quota.
	Granted int64
	// DayEnds is the time until the day ends by the store's clock; zero where there is no quota.
	DayEnds time.Duration
}

// Store keeps the counts of all consumers.
type Store interface {
	// Take debits up to n requests of the consumer key, each from all limits or from none: as many as the
	// limits admit. After an error it is unknown whether requests were debited.
	Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error)
}
