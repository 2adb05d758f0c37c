package tieredlimit

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// tripAfter is how many failures in a row open the breaker.
	tripAfter = 5
	// probeEvery is how often one request tries a store whose breaker is open.
	probeEvery = time.Second
)

// guard keeps requests from waiting on a store that does not answer, and reports when it stops to
// answer and when it answers again.
type guard struct {
	store   Store
	timeout time.Duration
	breaker *gobreaker.CircuitBreaker[Outcome]
	metrics *metrics
	log     *slog.Logger // with the store's address

	answered atomic.Bool // the store has answered at least once
	down     atomic.Bool // the store was reported not to answer
}

var _ Store = (*guard)(nil)

func newGuard(store Store, timeout time.Duration, m *metrics, log *slog.Logger) *guard {
	return &guard{
		store: store, timeout: timeout, metrics: m, log: log,
		breaker: gobreaker.NewCircuitBreaker[Outcome](gobreaker.Settings{
			Timeout:     probeEvery,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
			// A request that the stopping server gave up says nothing about the store.
			IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		}),
	}
}

// Take asks the store, for at most the timeout, unless it is known not to answer.
func (g *guard) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	out, err := g.breaker.Execute(func() (Outcome, error) { return g.ask(ctx, key, l, n) })
	switch {
	case err == nil:
		g.succeeded()
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests), errors.Is(err, context.Canceled):
	default:
		g.failed(err)
	}
	return out, err
}

func (g *guard) ask(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	start := time.Now()
	out, err := g.store.Take(ctx, key, l, n)
	g.metrics.asked(time.Since(start), err)
	return out, err
}

// succeeded reports a store that answers again.
func (g *guard) succeeded() {
	if !g.answered.Load() {
		g.answered.Store(true)
	}
	if g.down.Load() && g.down.CompareAndSwap(true, false) {
		g.log.Info("redis answers again")
	}
}

// failed reports a store that does not answer, once: at its first failure where it has never answered,
// else when the breaker opens. A single lost answer is left to the metrics.
func (g *guard) failed(err error) {
	if g.answered.Load() && g.breaker.State() == gobreaker.StateClosed {
		return
	}
	if g.down.CompareAndSwap(false, true) {
		g.log.Warn("redis does not answer: requests follow on_redis_error", "error", err)
	}
}
