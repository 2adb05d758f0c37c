package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// probeRate is more than all gateways together probe a key in a second: a debit that is denied writes nothing.
const probeRate = 1000

// probeKey names a count that nobody has, in the slot of a key: a hash tag ends with its first brace.
func probeKey(key string) string { return key + "}:probe" }

// guard keeps requests from waiting on a store that does not answer, and reports when it stops to
// answer and when it answers again.
type guard struct {
	store    Store
	timeout  time.Duration
	groups   []breaker
	groupOf  func(key string) int // nil where there is one
	metrics  *metrics
	log      *slog.Logger // with the store's name
	foreign  reported     // the keys that hold something else
	unknown  atomic.Int64 // requests whose debit is unknown
	answered atomic.Bool  // the store has answered at least once
	down     atomic.Bool  // some group of it was reported not to answer
	since    atomic.Pointer[time.Time]
}

var _ Store = (*guard)(nil)

// newGuard returns a guard with one breaker for the whole store.
func newGuard(store Store, timeout time.Duration, m *metrics, log *slog.Logger) *guard {
	g := &guard{store: store, timeout: timeout, groups: make([]breaker, 1), metrics: m, log: log}
	g.note()
	return g
}

// newClusterGuard returns a guard with a breaker for each part of a Cluster.
func newClusterGuard(store Store, timeout time.Duration, m *metrics, log *slog.Logger) *guard {
	g := newGuard(store, timeout, m, log)
	g.groups, g.groupOf = make([]breaker, slotGroups), slotGroup
	return g
}

var (
	// errNotAsked is for a store that is known not to answer.
	errNotAsked = errors.New("redis is not asked, since it did not answer")
	// errHurried is for a call that had less than the timeout, since it waited for another.
	errHurried = errors.New("less than the timeout was left")
)

// saysNothing tells an error that does not mean that the store is away: of a request that the stopping
// server gave up, of one that had less than its time, and of a key that holds something else.
func saysNothing(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, errHurried) || errors.Is(err, errForeignKey)
}

// mayHaveDebited tells an error after which it is unknown whether the store has debited.
func mayHaveDebited(err error) bool {
	return err != nil && !errors.Is(err, errNothingDone) && !errors.Is(err, errForeignKey)
}

// Take asks the store, for at most the timeout, unless it is known not to answer.
func (g *guard) Take(ctx context.Context, key string, l Limits, n int64) (out Outcome, err error) {
	b := g.breakerOf(key)
	turn, ok := b.enter()
	if !ok {
		return Outcome{}, errNotAsked
	}
	r := saidNothing // of a call that panics
	defer func() {
		if changed := b.leave(turn, key, r, time.Now()); changed || r == wentWrong || g.down.Load() {
			g.report(err)
		}
	}()
	start := time.Now()
	out, err = g.ask(ctx, start, key, l, n)
	took := time.Since(start)
	g.metrics.asked(took, err)
	if mayHaveDebited(err) {
		g.unknown.Add(n)
		g.metrics.unknown.Add(float64(n))
	}
	if errors.Is(err, errForeignKey) && g.foreign.first(key) {
		g.log.Warn("a key is in use by something else: its requests follow on_redis_error", "key", key, "error", err)
	}
	r = g.resultOf(took, err)
	return out, err
}

func (g *guard) breakerOf(key string) *breaker {
	if g.groupOf == nil {
		return &g.groups[0]
	}
	return &g.groups[g.groupOf(key)]
}

func (g *guard) ask(ctx context.Context, start time.Time, key string, l Limits, n int64) (Outcome, error) {
	deadline, has := ctx.Deadline()
	hurried := has && deadline.Sub(start) < g.timeout
	if !hurried {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, start.Add(g.timeout))
		defer cancel()
	}
	out, err := g.store.Take(ctx, key, l, n)
	if hurried && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", errHurried, err)
	}
	return out, err
}

// resultOf is what a call tells of the store. A slow one has taken more than three quarters of the timeout.
func (g *guard) resultOf(took time.Duration, err error) result {
	switch {
	case err == nil && took > g.timeout*3/4:
		return wentSlowly
	case err == nil:
		if !g.answered.Load() {
			g.answered.Store(true)
		}
		return wentWell
	case saysNothing(err):
		return saidNothing
	}
	return wentWrong
}

// run probes the store in the background where it does not answer, until the context ends.
func (g *guard) run(ctx context.Context) {
	every(ctx, probeEvery, g.probe)
}

// probe tries the parts of the store that do not answer, all at once.
func (g *guard) probe(ctx context.Context) {
	var all sync.WaitGroup
	for i := range g.groups {
		b := &g.groups[i]
		if key, due := b.probe(time.Now()); due {
			all.Go(func() { g.try(ctx, b, key) })
		}
	}
	all.Wait()
}

// try makes a debit: a Redis that is full, or a replica, answers what only reads.
func (g *guard) try(ctx context.Context, b *breaker, key string) {
	start := time.Now()
	ctx, cancel := context.WithDeadline(ctx, start.Add(g.timeout))
	defer cancel()
	_, err := g.store.Take(ctx, probeKey(key), Limits{TPS: probeRate}, 1)
	if now := time.Now(); b.probed(g.resultOf(now.Sub(start), err), now) {
		g.report(err)
	}
}
