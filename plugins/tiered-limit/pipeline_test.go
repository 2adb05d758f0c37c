package tieredlimit

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

// alone are the writes that are under way at once, and some more, of a call each.
func alone(more int) []int { return slices.Repeat([]int{1}, writesAtOnce+more) }

func TestAPipelineSendsTogetherWhatWaitsForItsAnswers(t *testing.T) {
	const trip = 4 * ms
	tests := map[string]struct {
		requests []request
		trip     time.Duration
		writes   []int
		longest  time.Duration
		last     time.Duration // of the request that came last, where that is not the longest
	}{
		"one goes by itself":                         {many(1, request{}), trip, []int{1}, trip, 0},
		"as many as may be at once too":              {many(writesAtOnce, request{}), trip, alone(0), trip, 0},
		"one after the other too":                    {[]request{{}, {comes: 5 * ms}, {comes: 10 * ms}}, trip, []int{1, 1, 1}, trip, 0},
		"one more waits for an answer":               {append(many(writesAtOnce, request{}), request{comes: ms}), trip, alone(1), 7 * ms, 0},
		"those that wait go together":                {append(many(writesAtOnce, request{}), many(20, request{comes: ms})...), trip, append(alone(0), 20), 7 * ms, 0},
		"who finds the queue full goes by itself":    {append(many(writesAtOnce, request{}), many(mostQueued+3, request{comes: ms})...), trip, append(alone(3), mostQueued), 7 * ms, 0},
		"who has waited long goes by itself":         {append(many(writesAtOnce, request{}), many(2, request{comes: ms})...), 40 * ms, alone(2), 40*ms + patience/8, 0},
		"after one has waited in vain nobody does":   {append(many(writesAtOnce+1, request{}), request{comes: 20 * ms}), 40 * ms, alone(2), 40*ms + patience/8, 40 * ms},
		"and others do again when that was long ago": {append(many(writesAtOnce+1, request{}), many(5, request{comes: 2 * time.Second})...), 20 * ms, nil, 20*ms + patience/8, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFakeSender(test.trip)
				s.make(t, test.requests)
				if test.writes != nil && !slices.Equal(s.writes, test.writes) {
					t.Errorf("calls in each write: %v, want %v", s.writes, test.writes)
				}
				longest, last := took(t, test.requests)
				if longest != test.longest || test.last != 0 && last != test.last {
					t.Errorf("the longest took %v and the last %v, want %v and %v", longest, last, test.longest, test.last)
				}
			})
		})
	}
}

// took is what the longest of requests took, and the last one, where all got answers.
func took(t *testing.T, requests []request) (longest, last time.Duration) {
	t.Helper()
	for _, r := range requests {
		longest, last = max(longest, r.took), r.took
		if r.err != nil {
			t.Error(r.err)
		}
	}
	return longest, last
}

// Each request ends by its own deadline, whoever else is in its write, and knows whether its call was sent.
func TestARequestEndsByItsOwnDeadline(t *testing.T) {
	const trip = 6 * ms
	tests := map[string]struct {
		request
		nothingDone, answered bool
		took                  time.Duration
	}{
		"in time":                              {request: request{has: patience}, answered: true, took: 11 * ms},
		"without a deadline":                   {answered: true, took: 11 * ms},
		"while it waits for others":            {request: request{has: 3 * ms}, nothingDone: true, took: 3 * ms},
		"after it was sent":                    {request: request{has: 8 * ms}, took: 8 * ms},
		"given up while it waits for others":   {request: request{has: patience, gives: 3 * ms}, answered: true, took: 11 * ms},
		"given up after it was sent":           {request: request{has: patience, gives: 8 * ms}, answered: true, took: 11 * ms},
		"given up, and all others end sooner":  {request: request{has: 2 * patience, gives: 3 * ms}, answered: true, took: 11 * ms},
		"given up, without a deadline":         {request: request{gives: 8 * ms}, answered: true, took: 11 * ms},
		"given up, and its time is over later": {request: request{has: 10 * ms, gives: 8 * ms}, took: 10 * ms},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFakeSender(trip)
				test.comes = ms
				requests := append(many(writesAtOnce, request{has: patience}), test.request, request{comes: 2 * ms, has: patience}, request{comes: 2 * ms, has: patience})
				s.make(t, requests)
				for i, r := range requests {
					if i != writesAtOnce && r.err != nil {
						t.Errorf("another request gets %v", r.err)
					}
				}
				got := requests[writesAtOnce]
				if (got.err == nil) != test.answered || got.took != test.took || got.err != nil && nothingDone(got.err) != test.nothingDone {
					t.Errorf("%v after %v; want answered: %v, nothing done: %v, after %v", got.err, got.took, test.answered, test.nothingDone, test.took)
				}
			})
		})
	}
}

// A call whose time to wait ends as its turn comes takes the turn, though its deadline is then too.
func TestATurnThatComesAsTheTimeEndsIsTaken(t *testing.T) {
	const trip = 6 * ms
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			requests := append(many(writesAtOnce, request{has: patience}), request{comes: ms, has: trip - ms}, request{comes: 5 * ms, has: ms}, request{comes: 7 * ms, has: patience})
			newFakeSender(trip).make(t, requests)
			if last := requests[len(requests)-1]; last.err != nil || last.took != trip {
				t.Fatalf("the next one gets %v after %v, want an answer after %v", last.err, last.took, trip)
			}
		})
	}
}

// Whoever has the longest time makes the calls, so that his deadline is the write's: nobody waits for more, and
// nobody's call is cut short.
func TestAWriteThatGetsNoAnswerEndsForEachByItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeSender(6 * ms)
		requests := many(writesAtOnce, request{has: patience})
		for i := range 9 {
			requests = append(requests, request{comes: ms, has: patience + time.Duration((i*5)%9)*ms})
		}
		timer := time.AfterFunc(3*ms, func() { s.hangs.Store(true) })
		defer timer.Stop()
		s.make(t, requests)
		for _, r := range requests[writesAtOnce:] {
			if !errors.Is(r.err, os.ErrDeadlineExceeded) || nothingDone(r.err) || r.took != r.has {
				t.Errorf("%v after %v; want what is unknown after %v", r.err, r.took, r.has)
			}
		}
	})
}

func TestAnAnswerIsThatOfItsOwnCall(t *testing.T) {
	tests := map[string]struct {
		answer   func(n int, together bool) error
		failures int
		writes   []int
	}{
		"one is refused":                       {func(n int, _ bool) error { return at(n, writesAtOnce+2, refusal("NOSCRIPT no")) }, 1, append(alone(0), 5)},
		"one is elsewhere, and made by itself": {func(n int, together bool) error { return at(n, writesAtOnce+2, on(together, errElsewhere)) }, 0, append(alone(0), 5, 1)},
		"elsewhere for good":                   {func(_ int, _ bool) error { return errElsewhere }, writesAtOnce + 5, append(alone(0), 5, 1, 1, 1, 1, 1)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, n := newFakeSender(ms), 0
				s.answer = func(_ redis.Cmder, together bool) error {
					s.mu.Lock()
					defer s.mu.Unlock()
					n++
					return test.answer(n, together)
				}
				requests := append(many(writesAtOnce, request{has: patience}), many(5, request{comes: us, has: patience})...)
				s.make(t, requests)
				failures := 0
				for _, r := range requests {
					if r.err != nil {
						failures++
					}
				}
				if failures != test.failures || !slices.Equal(s.writes, test.writes) {
					t.Errorf("%d failures and %v calls in each write, want %d and %v", failures, s.writes, test.failures, test.writes)
				}
			})
		})
	}
}

// One connection that breaks is not as many failures of the store as calls were on it, though the debit of each is
// unknown.
func TestAWriteThatBreaksTellsOfTheStoreOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeSender(ms)
		s.answer = func(_ redis.Cmder, together bool) error { return on(together, io.EOF) }
		requests := append(many(writesAtOnce, request{has: patience}), many(9, request{comes: us, has: patience})...)
		s.make(t, requests)
		tell := 0
		for _, r := range requests[writesAtOnce:] {
			if !errors.Is(r.err, io.EOF) || !mayHaveDebited(r.err) {
				t.Errorf("a call in the write ends with %v", r.err)
			}
			if !saysNothing(r.err) {
				tell++
			}
		}
		if tell != 1 {
			t.Errorf("%d of the calls in one write tell of the store", tell)
		}
	})
}

func at(n, which int, err error) error {
	if n != which {
		return nil
	}
	return err
}

func on(condition bool, err error) error {
	if !condition {
		return nil
	}
	return err
}

// A panic is that of the request that made the calls. What was done of the others is unknown.
func TestAPanicStopsNoOtherRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeSender(ms)
		s.panics = true
		requests := append(many(writesAtOnce, request{has: patience}), many(5, request{comes: us, has: patience})...)
		requests = append(requests, request{comes: 3 * ms})
		s.make(t, requests)
		panicked := 0
		for _, r := range requests[writesAtOnce : writesAtOnce+5] {
			switch {
			case errors.Is(r.err, errPanicked):
				panicked++
			case !errors.Is(r.err, errLost) || nothingDone(r.err):
				t.Errorf("one of the others gets %v", r.err)
			}
		}
		if panicked != 1 || requests[writesAtOnce+5].err != nil {
			t.Errorf("%d panicked, and a later one gets %v", panicked, requests[writesAtOnce+5].err)
		}
	})
}

// A call that goes at once costs nothing on the way.
func TestACallThatNeedNotWaitAllocatesNothing(t *testing.T) {
	s := newFakeSender(0)
	s.writes = make([]int, 0, 1000)
	p, cmd := &pipeline{sender: s, patience: patience / 8}, aCall()
	if n := testing.AllocsPerRun(100, func() { _ = p.Process(context.Background(), cmd) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// go-redis tells all calls of a broken connection its error, those too that it had an answer for (redis.go,
// generalProcessPipelineFrom).
func TestACallThatWasAnsweredStaysSo(t *testing.T) {
	q := newQueued(t.Context(), aCall())
	q.SetErr(nil)
	q.SetErr(errors.New("broken"))
	if err := q.result(); err != nil {
		t.Error(err)
	}
}
