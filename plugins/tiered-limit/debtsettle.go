package tieredlimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"
)

//go:embed debt.lua
var debtScript string

const (
	// settleEvery and settleAtOnce pace what is debited afterwards: 500 counts a second.
	settleEvery  = 100 * time.Millisecond
	settleAtOnce = 50
	// settleAtEnd is how long a node that stops goes on with it, without pauses.
	settleAtEnd = time.Second
)

// settler debits what a node has admitted without Redis, once Redis answers again.
type settler struct {
	local  *local
	store  *redisStore
	script *script
	guard  *guard
}

func newSettler(l *local, s *redisStore, g *guard) *settler {
	return &settler{local: l, store: s, script: newScript(debtScript), guard: g}
}

// run settles until the context ends.
func (s *settler) run(ctx context.Context) {
	every(ctx, settleEvery, func(ctx context.Context) { s.step(ctx) })
}

// finish settles what it can before the node stops.
func (s *settler) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleAtEnd)
	defer cancel()
	for more := true; more && ctx.Err() == nil; {
		more = s.step(ctx)
	}
}

// step settles some, and tells whether there may be more to settle now.
func (s *settler) step(ctx context.Context) (more bool) {
	if s.guard.closed() == 0 {
		return false
	}
	due := s.local.batches(s.guard.asks)
	for i, b := range due {
		err := s.settle(ctx, b)
		switch {
		case err == nil:
		case errors.Is(err, errForeignKey):
			s.local.dropped(b, debtsRefused)
		default:
			s.local.postponed(b, err)
			for _, unsent := range due[i+1:] {
				s.local.postponed(unsent, errNothingDone)
			}
			return false
		}
	}
	return len(due) > 0
}

// settle debits one batch. A day that is not Redis' own owes nothing: it has ended, or is about to begin, and
// comes again.
func (s *settler) settle(ctx context.Context, b *batch) error {
	ctx, cancel := context.WithTimeout(ctx, s.guard.timeout)
	defer cancel()
	names := keys(b.key)
	names[1] = debtKey(b.key, s.local.peers.id)
	reply, err := s.script.run(ctx, s.store.client, names, b.number, b.n, b.from, b.to, int64(giveUpAfter/time.Second))
	err = classified(err)
	const fields = 3
	if err == nil && len(reply) != fields {
		err = fmt.Errorf("the script returned %d values, not %d", len(reply), fields)
	}
	if err != nil {
		return fmt.Errorf("debiting what was admitted without redis: %w", err)
	}
	if reply[0] == 1 {
		s.local.settled(b, reply[1], reply[2])
	} else {
		s.local.postponed(b, errNothingDone)
	}
	return nil
}

// debtKey names the number of the last batch of a node, in the slot of the state.
func debtKey(key, node string) string {
	return "tollgate:{" + key + "}:" + keyVersion + ":debt:" + node
}
