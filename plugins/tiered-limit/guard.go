package tieredlimit

import (
	"context"
	"errors"
	"fmt"
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
	foreign  reported    // the keys that hold something else
}

var _ Store = (*guard)(nil)

func newGuard(store Store, timeout time.Duration, m *metrics, log *slog.Logger) *guard {
	return &guard{
		store: store, timeout: timeout, metrics: m, log: log,
		breaker: gobreaker.NewCircuitBreaker[Outcome](gobreaker.Settings{
			Timeout:     probeEvery,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
			IsExcluded:  saysNothing,
		}),
	}
}

// errHurried is for a call that had less than the timeout, since it waited for another.
var errHurried = errors.New("less than the timeout was left")

// saysNothing tells an error that does not mean that the store is away: of a request that the stopping
// server gave up, of one that had less than its time, and of a key that holds something else.
func saysNothing(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, errHurried) || errors.Is(err, errForeignKey)
}

// Take asks the store, for at most the timeout, unless it is known not to answer.
func (g *guard) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	out, err := g.breaker.Execute(func() (Outcome, error) { return g.ask(ctx, key, l, n) })
	switch {
	case err == nil:
		g.succeeded()
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
	case errors.Is(err, errForeignKey):
		if g.foreign.first(key) {
			g.log.Warn("a key is in use by something else: its requests follow on_redis_error", "key", key, "error", err)
		}
	case saysNothing(err):
	default:
		g.failed(err)
	}
	return out, err
}

func (g *guard) ask(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	start := time.Now()
	deadline, has := ctx.Deadline()
	hurried := has && deadline.Sub(start) < g.timeout
	if !hurried {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.timeout)
		defer cancel()
	}
	out, err := g.store.Take(ctx, key, l, n)
	g.metrics.asked(time.Since(start), err)
	if hurried && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", errHurried, err)
	}
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
