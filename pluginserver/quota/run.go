package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	tieredlimit "tollgate/plugins/tiered-limit"
)

// What is done to a day's count.
const (
	Show  = "show"
	Reset = "reset"
	Grant = "grant"
)

// Action is one of Show, Reset and Grant, the last of N requests.
type Action struct {
	Name string
	N    int64
}

// ParseGrant reads how many requests to grant.
func ParseGrant(text string) (Action, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > tieredlimit.MaxGrant {
		return Action{}, fmt.Errorf("a grant must be of 1 to %d requests, got %q", int64(tieredlimit.MaxGrant), text)
	}
	return Action{Name: Grant, N: n}, nil
}

// quiet drops what go-redis would write to the standard error of each failed attempt: the last one is told.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// Run does an action to the counts of a consumer (its username, custom_id or id, or credential:ID, or
// ip:ADDRESS), and prints them. Nothing is changed unless all counts could be read.
func Run(ctx context.Context, a Action, name string, o Options, env Env) error {
	redis.SetLogger(quiet{}) // go-redis has one logger for the process
	t, err := parseTarget(name)
	if err := errors.Join(err, o.check(t)); err != nil {
		return err
	}
	f, err := newFinder(&o, env)
	if err != nil {
		return err
	}
	s, err := f.subject(ctx, t)
	if err != nil {
		return err
	}
	counts, err := f.counts(ctx, s)
	if err != nil {
		return err
	}
	for _, note := range slices.Concat(s.caveats(), f.notes) {
		_, _ = fmt.Fprintln(env.Diagnostics, "note:", note)
	}
	b := books{counts: counts, options: &o, ledgers: map[string]*tieredlimit.Ledger{}}
	defer b.close()
	if err := b.open(env); err != nil {
		return err
	}
	done, err := b.do(ctx, a)
	if !done {
		return err
	}
	r := report(a, s, counts)
	r.Notes = f.notes
	if o.JSON {
		return errors.Join(err, r.json(env.Stdout))
	}
	return errors.Join(err, r.table(env.Stdout))
}

// books are the counts while they are open. Their calls have no deadline together: where one that changes
// a count has used up its time, there must be time to tell the gateways of what it may have done.
type books struct {
	counts  []*count
	options *Options
	ledgers map[string]*tieredlimit.Ledger // by redis record
}

// open shares a ledger among counts with the same redis record.
func (b *books) open(env Env) error {
	for _, c := range b.counts {
		record := c.plan.Redis
		record.Timeout = int((b.options.Timeout + time.Millisecond - 1) / time.Millisecond) // a gateway's patience is not an operator's
		id := fmt.Sprintf("%+v", record)
		if b.ledgers[id] == nil {
			ledger, err := tieredlimit.OpenLedger(record, env.Now)
			if err != nil {
				return fmt.Errorf("redis at %s: %w", c.address(), err)
			}
			b.ledgers[id] = ledger
		}
		c.ledger = b.ledgers[id]
	}
	return nil
}

func (b *books) close() {
	for _, l := range b.ledgers {
		_ = l.Close() // an error here is of a socket that is gone already
	}
}

// do reads all counts, and then changes each of them once, whatever instances share it. done tells that there
// is something to report.
func (b *books) do(ctx context.Context, a Action) (done bool, err error) {
	changeable := false
	for _, c := range b.counts {
		if err := b.read(ctx, c, &c.before); err != nil {
			return false, err
		}
		c.after = c.before
		changeable = changeable || c.limits.Quota > 0
	}
	if a.Name == Show {
		return true, nil
	}
	if !changeable {
		return false, fmt.Errorf("nothing to %s: %w", a.Name, tieredlimit.ErrNoQuota)
	}
	changed := map[string]bool{}
	for _, c := range b.counts {
		if c.limits.Quota == 0 {
			continue
		}
		if !changed[c.place()] {
			changed[c.place()] = true
			err = errors.Join(err, b.change(ctx, c, a))
		} else {
			err = errors.Join(err, b.read(ctx, c, &c.after))
		}
	}
	return true, err
}

// read asks for the balance and the rate.
func (b *books) read(ctx context.Context, c *count, into *tieredlimit.Balance) error {
	day, err := c.ledger.Show(ctx, c.key, c.limits)
	if err == nil {
		*into = day
	}
	if err == nil || errors.Is(err, tieredlimit.ErrNoQuota) {
		c.rate, err = c.ledger.Rate(ctx, c.key, c.limits)
	}
	if err != nil {
		return fmt.Errorf("redis at %s: %w", c.address(), err)
	}
	return nil
}

func (b *books) change(ctx context.Context, c *count, a Action) error {
	change := c.ledger.Reset
	if a.Name == Grant {
		change = func(ctx context.Context, key string, l tieredlimit.Limits) (before, after tieredlimit.Balance, err error) {
			return c.ledger.Grant(ctx, key, l, a.N)
		}
	}
	before, after, err := change(ctx, c.key, c.limits)
	if err == nil || errors.Is(err, tieredlimit.ErrNotTold) {
		c.before, c.after = before, after
	} else {
		err = fmt.Errorf("it is not known whether this was done, `quota show` tells: %w", err)
	}
	if err != nil {
		return fmt.Errorf("redis at %s: %s of %s: %w", c.address(), a.Name, c.key, err)
	}
	return nil
}
