package jwksverify

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// refreshInterval is how long a set is used before it is fetched again.
	refreshInterval = 5 * time.Minute
	// firstRetry is the pause after a failed fetch; it doubles up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
	// coolDown is the time between fetches that requests cause.
	coolDown = 5 * time.Second
	// maxWait is how long a request waits for a fetch.
	maxWait = 500 * time.Millisecond
)

// remote keeps one key set fresh. Its goroutine runs until close.
type remote struct {
	fetch func(context.Context) ([]byte, error)
	log   *slog.Logger
	count func(error)

	current atomic.Pointer[keySet] // nil until the first fetch succeeds
	wake    chan struct{}          // ends the pause between fetches
	stop    context.CancelFunc
	stopped chan struct{}

	mu     sync.Mutex
	flight chan struct{} // closes when the fetch under way or asked for ends; nil while there is none
	asked  time.Time     // when a request last caused a fetch
}

// startRemote fetches at once and in the background. count is told of each fetch.
func startRemote(fetch func(context.Context) ([]byte, error), log *slog.Logger, count func(error)) *remote {
	ctx, cancel := context.WithCancel(context.Background())
	r := &remote{
		fetch: fetch, log: log, count: count,
		wake: make(chan struct{}, 1), stop: cancel, stopped: make(chan struct{}),
		flight: make(chan struct{}),
	}
	go r.run(ctx)
	return r
}

func (r *remote) close() {
	r.stop()
	<-r.stopped
}

func (r *remote) run(ctx context.Context) {
	defer close(r.stopped)
	for failures := 0; ; r.takeOff() {
		if r.load(ctx) {
			failures = 0
		} else {
			failures++
		}
		r.land()
		pause := time.NewTimer(pauseAfter(failures))
		select {
		case <-pause.C:
		case <-r.wake:
			pause.Stop()
		case <-ctx.Done():
			pause.Stop()
			return
		}
	}
}

// pauseAfter is the time to the next fetch, within a tenth, so that gateways started together do not
// fetch together for ever.
func pauseAfter(failures int) time.Duration {
	pause := refreshInterval
	if failures > 0 {
		pause = min(firstRetry<<min(failures-1, 10), lastRetry)
	}
	return pause - pause/10 + rand.N(pause/5)
}

// load fetches once and replaces the set unless the answer is the same or no set.
func (r *remote) load(ctx context.Context) bool {
	body, err := r.fetch(ctx)
	if ctx.Err() != nil {
		return false
	}
	var set *keySet
	if err == nil {
		set, err = readKeySet(body)
	}
	r.count(err)
	old := r.current.Load()
	if err != nil {
		r.log.Warn("fetching a key set failed", "error", err, "older_set_in_use", old != nil)
		return false
	}
	if old == nil || old.digest != set.digest {
		r.current.Store(set)
		r.log.Info("a new key set is in use", "keys", set.usable, "skipped", reasons(set.skipped))
	}
	return true
}

func reasons(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		out[i] = err.Error()
	}
	return out
}

// takeOff marks the start of a fetch, which serves those that have asked for one.
func (r *remote) takeOff() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.wake:
	default:
	}
	if r.flight == nil {
		r.flight = make(chan struct{})
	}
}

func (r *remote) land() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.flight)
	r.flight = nil
}

// renewed waits until the set is another than seen, for maxWait at most. It asks for a fetch unless
// one is under way, or requests have caused one within the cool-down.
func (r *remote) renewed(ctx context.Context, seen *keySet, now time.Time) bool {
	if flight := r.join(seen, now); flight != nil {
		wait := time.NewTimer(maxWait)
		defer wait.Stop()
		select {
		case <-flight:
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	return r.current.Load() != seen
}

// join returns the fetch to wait for, nil for none.
func (r *remote) join(seen *keySet, now time.Time) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current.Load() != seen {
		return nil
	}
	if r.flight == nil && now.Sub(r.asked) >= coolDown {
		r.asked = now
		r.flight = make(chan struct{})
		r.wake <- struct{}{} // has room: only takeOff empties it, and it comes before each land
	}
	return r.flight
}
