package tieredlimit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// probeRate is more than all gateways together probe a key in a second: a debit that is denied writes nothing.
const probeRate = 1000

// probeWithin is what a probe has at least.
const probeWithin = time.Second

// probeKey names a count that nobody has, in the slot of a key: a hash tag ends with its first brace.
func probeKey(key string) string { return key + "}:probe" }

// guard keeps requests from waiting on a store that does not answer, and reports when it stops to
// answer and when it answers again.
type guard struct {
	store    Store
	timeout  time.Duration
	whole    breaker                 // of a single Redis, and of a Cluster until it has first answered
	masterOf func(key string) string // where a Cluster has a key, once it has answered; nil where there is one Redis
	shards   shards
	metrics  *metrics
	log      *slog.Logger // with the store's name
	foreign  reported     // the keys that hold something else
	unknown  atomic.Int64 // requests whose debit is unknown
	answered atomic.Bool  // the store has answered at least once
	handing  sync.Once    // of the first answer
	standing standing
}

var _ Store = (*guard)(nil)

// newGuard returns a guard with one breaker for the whole store.
func newGuard(store Store, timeout time.Duration, m *metrics, log *slog.Logger) *guard {
	return &guard{store: store, timeout: timeout, metrics: m, log: log, standing: newStanding()}
}

// newClusterGuard returns a guard with a breaker for each master of a Cluster.
func newClusterGuard(store Store, timeout time.Duration, m *metrics, log *slog.Logger, masterOf func(key string) string) *guard {
	g := newGuard(store, timeout, m, log)
	g.masterOf = masterOf
	return g
}

var (
	// errNotAsked is for a store that is known not to answer.
	errNotAsked = errors.New("redis is not asked, since it did not answer")
	// errHurried is for a call that had less than the timeout, since it waited for another.
	errHurried = errors.New("less than the timeout was left")
)

// saysNothing tells an error that does not mean that the store is away: of a request that the stopping
// server gave up, of one that had less than its time, of a key that holds something else, of one slot of a
// Cluster that is being moved, and of one that went in the write of another, which tells.
func saysNothing(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, errHurried) || errors.Is(err, errForeignKey) || redis.IsTryAgainError(err) ||
		errors.Is(err, errFollowed)
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
	defer func() { g.left(b, turn, key, r, err) }()
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

// breakerOf is that of the part of the store that has a key.
func (g *guard) breakerOf(key string) *breaker {
	if g.masterOf == nil || !g.answered.Load() {
		return &g.whole
	}
	return g.shards.of(g.masterOf(key))
}

// breakers are all that there are.
func (g *guard) breakers() []*breaker {
	if g.masterOf == nil || !g.answered.Load() {
		return []*breaker{&g.whole}
	}
	return g.shards.all()
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
	if hurried && ranOut(err) {
		err = fmt.Errorf("%w: %w", errHurried, err)
	}
	return out, err
}

// ranOut tells a call whose time was over: while it waited for a connection, or, by the socket, for an answer.
func ranOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// resultOf is what a call tells of the store. A slow one has taken more than three quarters of the timeout.
func (g *guard) resultOf(took time.Duration, err error) result {
	switch {
	case err == nil && took > g.timeout*3/4:
		return wentSlowly
	case err == nil:
		return wentWell
	case saysNothing(err):
		return saidNothing
	}
	return wentWrong
}

// left takes note of a call that has ended.
func (g *guard) left(b *breaker, turn uint64, key string, r result, err error) {
	changed := b.leave(turn, key, r, time.Now())
	if g.first(key, r) || changed || r == wentWrong {
		g.report(err)
	}
}

// concernsRequests tells whether an error of a call that is no request's would be one of requests too. A right or a
// command may be lacking that they do not need, and the key of another thing is none of theirs. An answer that nobody
// has listed may be to that call alone: if it is not, requests tell.
func concernsRequests(err error) bool {
	var answer redis.Error
	switch {
	case errors.Is(err, errNotAllowed), errors.Is(err, errNoCommand), errors.Is(err, errForeignKey):
		return false
	case errors.As(err, &answer):
		return listed(answer)
	}
	return true
}

// witness takes note of a call for key that is no request's, so that a store is known to be away though nobody
// asks it.
func (g *guard) witness(key string, took time.Duration, err error) {
	if !concernsRequests(err) {
		return
	}
	b := g.breakerOf(key)
	if turn, ok := b.enter(); ok {
		g.left(b, turn, key, g.resultOf(took, err), err)
	}
}

// run probes the store in the background where it does not answer, until the context ends.
func (g *guard) run(ctx context.Context) {
	var probes sync.WaitGroup
	defer probes.Wait()
	every(ctx, probeEvery, func(ctx context.Context) {
		g.probe(ctx, &probes)
		g.shards.sweep(time.Now())
	})
}

// probe tries the parts of the store that do not answer, each by itself: one that hangs holds up no other.
func (g *guard) probe(ctx context.Context, probes *sync.WaitGroup) {
	for _, b := range g.breakers() {
		if _, due := b.probe(time.Now()); due && b.probing.CompareAndSwap(false, true) {
			probes.Go(func() {
				defer b.probing.Store(false)
				g.tryOn(ctx, b)
			})
		}
	}
}

// tryOn tries a part of the store, and at once again after a try that took longer than the pause between them.
func (g *guard) tryOn(ctx context.Context, b *breaker) {
	for took := probeEvery; took >= probeEvery && ctx.Err() == nil; {
		start := time.Now()
		key, due := b.probe(start)
		if !due {
			return
		}
		g.try(ctx, b, key)
		took = time.Since(start)
	}
}

// try makes a debit: a Redis that is full, or a replica, answers what only reads. Any master of a Cluster may be the
// first to answer: the one whose calls have failed may stay away for long.
func (g *guard) try(ctx context.Context, b *breaker, key string) {
	start := time.Now()
	if b == &g.whole && g.masterOf != nil {
		key = rand.Text()
	}
	// Longer than a request waits: the probe may have to connect. Slow as that is, the next one finds it done.
	ctx, cancel := context.WithDeadline(ctx, start.Add(max(g.timeout, probeWithin)))
	defer cancel()
	_, err := g.store.Take(ctx, probeKey(key), Limits{TPS: probeRate}, 1)
	now := time.Now()
	r := g.resultOf(now.Sub(start), err)
	if changed := b.probed(r, now); g.first(key, r) || changed || r == wentWrong {
		g.report(err)
	}
}
