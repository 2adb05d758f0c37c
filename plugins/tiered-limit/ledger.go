package tieredlimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"
)

// ledgerScript is also what a settler debits with.
//
//go:embed ledger.lua
var ledgerScript string

// MaxGrant is the most requests that one grant adds to a day: as many as a daily quota can have.
const MaxGrant = 1_000_000_000_000

var (
	// ErrNoQuota tells that a tier counts no day, so that there is nothing to grant or to reset.
	ErrNoQuota = errors.New("the tier has no daily quota")
	// ErrNotTold tells that a count was changed, and that nodes may not know: what they remember as
	// exhausted they refuse until the day ends.
	ErrNotTold = errors.New("the count is changed, but the gateways could not be told to forget their denials")
)

// Ledger reads and changes the counts of consumers, for operators. It debits nothing.
type Ledger struct {
	store  *redisStore
	script *script
}

// Balance is a consumer's day.
type Balance struct {
	// Used is how many requests the day has admitted, Granted how many were added to its quota.
	Used, Granted int64
	// Remaining is how many more the day admits.
	Remaining int64
	// Time is Redis' own, and Ends when the day ends, both in the zone of the quota.
	Time, Ends time.Time
}

// OpenLedger returns the ledger of the counts in one Redis, which is first asked when it is used. Close it.
// Its error is one of certificates.
func OpenLedger(c Redis, now func() time.Time) (*Ledger, error) {
	store, err := newRedisStore(c, limitScript, now)
	if err != nil {
		return nil, err
	}
	return &Ledger{store: store, script: newScript(ledgerScript)}, nil
}

// Close closes the connections.
func (l *Ledger) Close() error { return l.store.Close() }

// Rate tells what the limits would admit now, without a debit: an Outcome of no requests.
func (l *Ledger) Rate(ctx context.Context, key string, limits Limits) (Outcome, error) {
	return l.store.Take(ctx, key, limits, 0)
}

// Show returns the day of a limit key. Its error is ErrNoQuota where the limits have no quota.
func (l *Ledger) Show(ctx context.Context, key string, limits Limits) (Balance, error) {
	now, _, err := l.run(ctx, key, limits, "show", 0)
	return now, err
}

// Grant adds n requests to the day's quota of a limit key; several grants add up, and none outlives its
// day. Its error is ErrNotTold where that was done and the rest was not. After another one, other than
// ErrNoQuota, it is unknown whether it was done.
func (l *Ledger) Grant(ctx context.Context, key string, limits Limits, n int64) (before, after Balance, err error) {
	if n < 1 || n > MaxGrant {
		return before, after, fmt.Errorf("a grant must be of 1 to %d requests, got %d", int64(MaxGrant), n)
	}
	return l.change(ctx, key, limits, "grant", n)
}

// Reset sets what the day of a limit key has used, and what was granted to it, to nothing. It leaves the
// rate alone. Its errors are those of Grant.
func (l *Ledger) Reset(ctx context.Context, key string, limits Limits) (before, after Balance, err error) {
	return l.change(ctx, key, limits, "reset", 0)
}

// change changes the state first, and then tells the nodes: one that forgot sooner could remember the old
// state again. It tells them after an error too, since the change may have been made.
func (l *Ledger) change(ctx context.Context, key string, limits Limits, what string, n int64) (before, after Balance, err error) {
	before, after, err = l.run(ctx, key, limits, what, n)
	if errors.Is(err, ErrNoQuota) {
		return before, after, err
	}
	told := l.tell(ctx)
	if err != nil {
		return before, after, err
	}
	return before, after, told
}

// tell has every node forget its denials. It tries again, which does no harm.
func (l *Ledger) tell(ctx context.Context) (err error) {
	const tries = 3
	for range tries {
		if err = l.store.client.Set(ctx, generationKey, newGeneration(), 0).Err(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %w", ErrNotTold, err)
}

func (l *Ledger) run(ctx context.Context, key string, limits Limits, what string, n int64) (before, after Balance, err error) {
	const fields = 6
	if limits.Quota == 0 {
		return before, after, ErrNoQuota
	}
	reply, err := l.store.call(ctx, l.script, keys(key)[:1], limits.Days, []any{what, n, 0, 0})
	if err != nil {
		return before, after, fmt.Errorf("asking redis for the day's count: %w", err)
	}
	if len(reply) != fields {
		return before, after, fmt.Errorf("asking redis for the day's count: the script returned %d values, not %d", len(reply), fields)
	}
	zone := limits.Days.zone
	balance := func(used, granted int64) Balance {
		return Balance{
			Used: used, Granted: granted, Remaining: max(0, limits.Quota+granted-used),
			Time: time.UnixMicro(reply[4]).In(zone), Ends: time.Unix(reply[5], 0).In(zone),
		}
	}
	return balance(reply[0], reply[1]), balance(reply[2], reply[3]), nil
}
