package tieredlimit

import (
	"context"
	"time"
)

// Limits are what one consumer may use. Zero means that there is no such limit.
type Limits struct {
	// TPS is requests per second: in any rolling second, or sustained where there is a Burst.
	TPS int64
	// Burst is how many requests may come at once.
	Burst int64
	// Quota is requests per day.
	Quota int64
}

func (l Limits) unlimited() bool { return l.TPS == 0 && l.Quota == 0 }

// Outcome is a store's answer to one request.
type Outcome struct {
	// Admitted tells that the request was debited.
	Admitted bool
	// RateLeft is how many more requests the rate would admit now, DayLeft how many the day would; zero
	// where there is no such limit.
	RateLeft, DayLeft int64
	// RateWait is the time until the rate admits again; zero unless the rate is exceeded.
	RateWait time.Duration
	// DayEnds is the time until the day ends by the store's clock.
	DayEnds time.Duration
}

// Store keeps the counts of all consumers.
type Store interface {
	// Take debits one request of the consumer key from all limits, or from none where one of them is
	// exhausted. After an error it is unknown whether the request was debited.
	Take(ctx context.Context, key string, l Limits) (Outcome, error)
}
