package tieredlimit

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// queued is a call that waits for others.
type queued struct {
	redis.Cmder
	deadline time.Time // zero where there is none
	// turn gets the calls that this one is to make, itself among them, or none when they were made.
	turn     chan []redis.Cmder
	answered bool
}

func newQueued(ctx context.Context, cmd redis.Cmder) *queued {
	q := &queued{Cmder: cmd, turn: make(chan []redis.Cmder, 1)}
	q.deadline, _ = ctx.Deadline()
	return q
}

// SetErr is told by go-redis of each answer, and where a connection breaks once more of all calls on it. What was
// answered stays so.
func (q *queued) SetErr(err error) {
	if q.answered {
		return
	}
	q.answered = err == nil
	q.Cmder.SetErr(err)
}

// result is the error of a call that was made.
func (q *queued) result() error {
	switch err := q.Err(); {
	case q.answered:
		return nil
	case err == nil: // who was to make it panicked
		return errLost
	default:
		return err
	}
}

// outlasts tells whether a call has more time than another.
func (q *queued) outlasts(other *queued) bool {
	return !other.deadline.IsZero() && (q.deadline.IsZero() || q.deadline.After(other.deadline))
}

// atMost is a time to wait that ends by the deadline.
func (q *queued) atMost(d time.Duration) time.Duration {
	if q.deadline.IsZero() {
		return d
	}
	return min(d, time.Until(q.deadline))
}
