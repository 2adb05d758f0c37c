package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// settleEvery and settleAtOnce pace what is debited afterwards: 500 counts a second.
	settleEvery  = 100 * time.Millisecond
	settleAtOnce = 50
	// settleAtEnd is how long a node that stops goes on with it, without pauses.
	settleAtEnd = time.Second
	// settleTold is how many times in a row nothing could be settled, a second in all, when that is logged.
	settleTold = 10
)

// settler debits what a node has admitted without Redis, once Redis answers again.
type settler struct {
	local  *local
	store  *redisStore
	script *script
	guard  *guard
	log    *slog.Logger
	failed int // how many steps in a row
}

func newSettler(l *local, s *redisStore, g *guard, log *slog.Logger) *settler {
	return &settler{local: l, store: s, script: newScript(ledgerScript), guard: g, log: log}
}

// run settles until the context ends.
func (s *settler) run(ctx context.Context) {
	every(ctx, settleEvery, func(ctx context.Context) { s.step(ctx, s.guard.asks, searchAtOnce) })
}

// finish settles what it can before the node stops, without regard to the pace. A store that is tried is asked
// too.
func (s *settler) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleAtEnd)
	defer cancel()
	for more := true; more && ctx.Err() == nil; {
		more = s.step(ctx, s.guard.tries, localShards)
	}
}

// step settles some, of the keys that Redis is asked for, and tells whether any was settled. A part of Redis
// that fails is left alone for this step, and the others are not.
func (s *settler) step(ctx context.Context, asked func(key string) bool, shards int) (settled bool) {
	var failed []*breaker
	var cause error
	for _, b := range s.local.batches(asked, shards) {
		part := s.guard.breakerOf(b.key)
		if ctx.Err() != nil || slices.Contains(failed, part) {
			s.local.postponed(b, errNothingDone) // it was not sent
			continue
		}
		switch err := s.settle(ctx, b); {
		case err == nil:
			settled = true
		case errors.Is(err, errForeignKey):
			s.local.dropped(b, debtsRefused)
		case errors.Is(err, errOtherDay):
			s.local.misdated(b)
		default:
			s.local.postponed(b, err)
			cause = err
			if !redis.IsTryAgainError(err) { // which is of one slot that moves
				failed = append(failed, part)
			}
		}
	}
	s.tell(settled, cause)
	return settled
}

// errOtherDay is for a batch of a day that is not Redis' own: that day has ended, or is about to begin.
var errOtherDay = errors.New("the day is not that of redis")

// settle debits one batch.
func (s *settler) settle(ctx context.Context, b *batch) error {
	ctx, cancel := context.WithTimeout(ctx, s.guard.timeout)
	defer cancel()
	names := keys(b.key)
	names[1] = debtKey(b.key, s.local.peers.id)
	reply, err := s.script.run(ctx, s.store.client, names, "debit", b.n, b.number, int64(giveUpAfter/time.Second), b.from, b.to)
	err = classified(err)
	const fields = 6
	switch {
	case err == nil && len(reply) == 2 && reply[0] == -1:
		return errOtherDay
	case err == nil && len(reply) != fields:
		err = fmt.Errorf("the script returned %d values, not %d", len(reply), fields)
	}
	if err != nil {
		return fmt.Errorf("debiting what was admitted without redis: %w", err)
	}
	s.local.settled(b, reply[2], reply[3])
	return nil
}

// tell says once that debts stay, though Redis is asked: each time that it fails would be a line for each tick.
func (s *settler) tell(settled bool, cause error) {
	switch {
	case cause != nil && !settled:
		if s.failed++; s.failed == settleTold {
			s.log.Warn("redis is not told of what was admitted without it, and is tried on", "error", cause)
		}
	case settled:
		if s.failed >= settleTold {
			s.log.Info("redis is told again of what was admitted without it")
		}
		s.failed = 0
	}
}

// debtKey names the number of the last batch of a node, in the slot of the state.
func debtKey(key, node string) string {
	return "tollgate:{" + key + "}:" + keyVersion + ":debt:" + node
}
