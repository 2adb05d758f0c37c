package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// writesAtOnce is how many writes to one Redis may be unanswered before the calls that come wait for each
	// other. With eight a Cluster of three masters is no worse off at few calls, and one Redis better (test/SCALE.md).
	writesAtOnce = 8
	// mostQueued bounds the calls that wait, and those in one write. Who comes after goes by itself.
	mostQueued = 256
	// vainFor is how long nobody waits after somebody has waited in vain: Redis is slow, or far, or away.
	vainFor = time.Second
)

// errQueued is of a call whose time was over while it waited for others.
var errQueued = errors.New("waiting for other calls")

// errFollowed is what the errors of those are that another call took along in its write: of the store that one tells.
// Else a single connection that breaks would count as often as calls were on it.
var errFollowed = errors.New("in the write of another call")

// followed makes an error errFollowed, without a word.
type followed struct{ error }

func (f followed) Unwrap() []error { return []error{f.error} }

func (followed) Is(target error) bool { return target == errFollowed }

// caller makes a call. Its error is the call's, which is not to be looked at after that.
type caller interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

// sender reaches Redis.
type sender interface {
	caller
	// together makes several calls in one write. Each has its answer then, or an error.
	together(ctx context.Context, calls []redis.Cmder)
	// follows tells an answer to one of several that has it made by itself: nothing was done, and where it is to
	// go only a call by itself finds out.
	follows(err error) bool
}

// pipeline makes the calls to one Redis, or to one master of a Cluster. While few are under way each goes by
// itself at once; those that come meanwhile wait, and go out together once one is answered. Nobody waits for
// others longer than patience: then a call goes by itself, as if there were none, and so do those that come for a
// while after it.
type pipeline struct {
	sender   sender
	patience time.Duration

	mu    sync.Mutex
	under int // writes that are not answered
	queue []redis.Cmder
	vain  time.Time // until when nobody waits
}

// Process makes a call. It is over at the context's deadline, however long others in its write have.
func (p *pipeline) Process(ctx context.Context, cmd redis.Cmder) error {
	p.mu.Lock()
	switch {
	case p.under < writesAtOnce:
		p.under++
		p.mu.Unlock()
		defer p.next()
		return p.sender.Process(ctx, cmd)
	case len(p.queue) == mostQueued, !p.vain.IsZero() && time.Now().Before(p.vain):
		p.mu.Unlock()
		return p.sender.Process(ctx, cmd)
	}
	q := newQueued(ctx, cmd)
	p.queue = append(p.queue, q)
	p.mu.Unlock()
	return p.wait(ctx, q)
}

// wait returns the answer of a call that waits for others. A request that is given up waits on, as it does where
// its call is under way by itself.
func (p *pipeline) wait(ctx context.Context, q *queued) error {
	most := q.atMost(p.patience)
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case led := <-q.turn:
		return p.take(ctx, q, led)
	case <-timer.C:
	}
	switch {
	case !p.withdraw(q):
		return p.late(ctx, q)
	case most < p.patience:
		return undone{fmt.Errorf("%w: %w", errQueued, context.DeadlineExceeded)}
	}
	p.inVain(time.Now())
	return p.sender.Process(ctx, q.Cmder)
}

// take takes a turn: to make the calls that it has, or, where it has none, to go with the answer.
func (p *pipeline) take(ctx context.Context, q *queued, led []redis.Cmder) error {
	switch len(led) {
	case 0:
	case 1:
		defer p.next()
		return p.sender.Process(ctx, q.Cmder)
	default:
		p.lead(ctx, q, led)
	}
	err := q.result()
	switch {
	case err == nil:
		return nil
	case p.sender.follows(err):
		return p.sender.Process(ctx, q.Cmder)
	case len(led) == 0 && !answered(err):
		return followed{err}
	}
	return err
}

// lead makes the calls of all. That its own request is given up does not end them: its deadline is the last.
func (p *pipeline) lead(ctx context.Context, q *queued, led []redis.Cmder) {
	defer p.next()
	defer func() {
		for _, other := range led {
			if other := other.(*queued); other != q {
				other.turn <- nil
			}
		}
	}()
	ctx = context.WithoutCancel(ctx)
	if !q.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, q.deadline)
		defer cancel()
	}
	p.sender.together(ctx, led)
}

// late returns the answer of a call that has left the queue, or leaves at its deadline and does not know what was
// done, or whether it was sent.
func (p *pipeline) late(ctx context.Context, q *queued) error {
	select {
	case led := <-q.turn: // where it leads it has been told so by now
		return p.take(ctx, q, led)
	default:
	}
	var over <-chan time.Time
	if !q.deadline.IsZero() {
		timer := time.NewTimer(time.Until(q.deadline))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case led := <-q.turn:
		return p.take(ctx, q, led)
	case <-over:
		return followed{fmt.Errorf("waiting for an answer: %w", os.ErrDeadlineExceeded)}
	}
}

// withdraw takes a call out of the queue, and tells whether it was there: then nothing was sent.
func (p *pipeline) withdraw(q *queued) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.queue, redis.Cmder(q))
	if i < 0 {
		return false
	}
	p.queue = slices.Delete(p.queue, i, i+1)
	return true
}

// inVain takes note that a call has waited as long as any does.
func (p *pipeline) inVain(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vain = now.Add(vainFor)
}

// next lets those that wait go out, as a write is answered. The one with the latest deadline makes the calls, so
// that none of the others ends later than its own, nor the one.
func (p *pipeline) next() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.under--
		return
	}
	led := p.queue
	p.queue = make([]redis.Cmder, 0, len(led)) // as many come while these are under way
	last := led[0].(*queued)
	for _, other := range led[1:] {
		if other := other.(*queued); other.outlasts(last) {
			last = other
		}
	}
	last.turn <- led // it has room
}

// idle tells that no call is under way.
func (p *pipeline) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.under == 0
}
