package tieredlimit

import (
	"context"
	"time"
)

// front is a node's memory in front of the store that all nodes share: it denies what is known to be
// exhausted, and lets requests that wait together share a call.
type front struct {
	store   Store
	timeout time.Duration
	now     func() time.Time
	denials *denials
	flights *flights
	metrics *metrics
}

var _ counter = (*front)(nil)

// newFront returns a front of a store that answers within the timeout, as a guard does. A request spends at
// most a quarter of that on waiting for another's call.
func newFront(store Store, timeout time.Duration, now func() time.Time, m *metrics) *front {
	return &front{store: store, timeout: timeout, now: now, denials: newDenials(), flights: newFlights(timeout / 4), metrics: m}
}

// Count debits one request of key from the tier's limits. No request waits longer than the timeout, the
// time in which it waited for another's call included.
func (f *front) Count(ctx context.Context, key string, t tier) (Outcome, Source, error) {
	of, now := lane{key, t}, f.now()
	if out, denied := f.denials.lookup(of, now); denied {
		return out, FromMemory, nil
	}
	a, joined := f.flights.fly(ctx, of, now, func(ctx context.Context, n int64, since time.Time) answer {
		return f.ask(ctx, of, n, since)
	})
	if joined && a.source == FromRedis {
		f.metrics.shared.Inc()
	}
	return a.outcome, a.source, a.err
}

// ask answers n requests of a lane. Those that waited for another call, since a time, are answered from
// memory where that has found that nothing is left, and have the rest of their time to wait.
func (f *front) ask(ctx context.Context, of lane, n int64, since time.Time) answer {
	asked, epoch := f.now(), f.denials.epoch.Load()
	if !since.IsZero() {
		if out, denied := f.denials.lookup(of, asked); denied {
			return answer{outcome: out, source: FromMemory}
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout-asked.Sub(since))
		defer cancel()
	}
	out, err := f.store.Take(ctx, of.key, of.tier.limits, n)
	if err != nil {
		return answer{source: FromError, err: err}
	}
	f.denials.remember(of, asked, out, epoch)
	return answer{outcome: out, source: FromRedis}
}
