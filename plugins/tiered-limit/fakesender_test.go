package tieredlimit

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// fakeSender takes a time for each write, as a network does, and notes how many calls were in it.
type fakeSender struct {
	trip   time.Duration
	answer func(cmd redis.Cmder, together bool) error
	panics bool // where calls go together
	hangs  atomic.Bool

	mu     sync.Mutex
	writes []int
}

func newFakeSender(trip time.Duration) *fakeSender {
	return &fakeSender{trip: trip, answer: func(redis.Cmder, bool) error { return nil }}
}

func (s *fakeSender) wrote(calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, calls)
}

func (s *fakeSender) Process(ctx context.Context, cmd redis.Cmder) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.wrote(1)
	err := s.onSocket(ctx)
	if err == nil {
		err = s.answer(cmd, false)
	}
	cmd.SetErr(err)
	return err
}

func (s *fakeSender) together(ctx context.Context, calls []redis.Cmder) {
	s.wrote(len(calls))
	if s.panics {
		panic("a programmer's mistake")
	}
	err := ctx.Err()
	if err == nil {
		err = s.onSocket(ctx)
	}
	for _, call := range calls {
		if err == nil {
			call.SetErr(s.answer(call, true))
		} else {
			call.SetErr(err)
		}
	}
}

// onSocket waits for an answer: its deadline is the context's, and it knows nothing of requests that are given up.
func (s *fakeSender) onSocket(ctx context.Context) error {
	trip := s.trip
	if s.hangs.Load() {
		trip = time.Hour
	}
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) < trip {
		time.Sleep(time.Until(deadline))
		return os.ErrDeadlineExceeded
	}
	time.Sleep(trip)
	return nil
}

func (s *fakeSender) follows(err error) bool { return errors.Is(err, errElsewhere) }

var errElsewhere = errors.New("made elsewhere")

// request is one in a test: when it comes, how long it has, and what became of it.
type request struct {
	comes, has time.Duration // has: 0 is no deadline
	gives      time.Duration // when it is given up, after it came; 0 is never

	err  error
	took time.Duration
}

func aCall() redis.Cmder { return aCallFor("a") }

func aCallFor(key string) redis.Cmder {
	return once{redis.NewIntSliceCmd(context.Background(), "evalsha", "hash", 1, key)}
}

// make has requests make their calls, and returns when all have ended.
func (s *fakeSender) make(t *testing.T, requests []request) {
	t.Helper()
	p := &pipeline{sender: s, patience: patience / 8}
	var all sync.WaitGroup
	for i := range requests {
		r := &requests[i]
		all.Go(func() {
			time.Sleep(r.comes)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if r.has > 0 {
				ctx, cancel = context.WithTimeout(ctx, r.has)
				defer cancel()
			}
			if r.gives > 0 {
				timer := time.AfterFunc(r.gives, cancel)
				defer timer.Stop()
			}
			start := time.Now()
			defer func() {
				r.took = time.Since(start)
				if recover() != nil {
					r.err = errPanicked
				}
			}()
			r.err = p.Process(ctx, aCall())
		})
	}
	all.Wait()
	if p.under != 0 || len(p.queue) != 0 {
		t.Errorf("%d writes are under way and %d calls wait when all have ended", p.under, len(p.queue))
	}
}

var errPanicked = errors.New("panicked")

func many(n int, r request) []request { return slices.Repeat([]request{r}, n) }
