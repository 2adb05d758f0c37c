package jwksverify

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"
)

// remote keeps one source's key set fresh. Its goroutine runs until close.
type remote struct {
	source keySource
	fetch  func(context.Context) (document, error)
	now    func() time.Time
	count  func(error)
	opened time.Time

	held    atomic.Pointer[holding] // nil until the first fetch succeeds
	demand  *demand
	health  health // the goroutine's own
	stop    context.CancelFunc
	stopped chan struct{}
}

// holding is a set and the end of the fetch that last confirmed it.
type holding struct {
	set *keySet
	at  time.Time
}

// startRemote fetches at once and in the background. count is told of each fetch.
func startRemote(s keySource, fetch func(context.Context) (document, error), now func() time.Time, log *slog.Logger, count func(error)) *remote {
	ctx, cancel := context.WithCancel(context.Background())
	r := &remote{
		source: s, fetch: fetch, now: now, count: count, opened: now(),
		demand: newDemand(), health: health{log: log},
		stop: cancel, stopped: make(chan struct{}),
	}
	r.demand.takeOff(r.opened)
	go r.run(ctx)
	return r
}

func (r *remote) close() {
	r.stop()
	<-r.stopped
}

// keys returns the set to verify with, nil where there is none, or none that is fresh enough.
func (r *remote) keys(now time.Time) *keySet {
	h := r.held.Load()
	if h == nil || now.Sub(h.at) > r.source.maxStale {
		return nil
	}
	return h.set
}

// age is the time since the last fetch that went well, or since the start where none did.
func (r *remote) age(now time.Time) time.Duration {
	if h := r.held.Load(); h != nil {
		return now.Sub(h.at)
	}
	return now.Sub(r.opened)
}

func (r *remote) run(ctx context.Context) {
	defer close(r.stopped)
	for {
		before := r.keys(r.now())
		pause := r.load(ctx)
		now := r.now()
		r.demand.land(now.Add(jittered(pause)), r.keys(now) != before)
		if !r.idle(ctx) {
			return
		}
		r.demand.takeOff(r.now())
	}
}

// idle waits until the next fetch is due; false where there is to be none.
func (r *remote) idle(ctx context.Context) bool {
	pause := time.NewTimer(r.demand.due().Sub(r.now()))
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
			return ctx.Err() == nil
		case <-r.demand.wake:
			pause.Reset(r.demand.due().Sub(r.now()))
		case <-ctx.Done():
			return false
		}
	}
}

// load fetches once and returns the pause to the next fetch. Only a good set replaces another.
func (r *remote) load(ctx context.Context) time.Duration {
	set, lifetime, err := r.read(ctx)
	if ctx.Err() != nil {
		return 0
	}
	r.count(err)
	if err != nil {
		return retryAfterFailures(r.health.failed(err, r.held.Load() != nil, r.keys(r.now()) != nil))
	}
	old := r.held.Load()
	changed := old == nil || old.set.generation != set.generation
	if !changed && maps.Equal(old.set.kids, set.kids) {
		set = old.set // whoever compares sees no other
	}
	r.held.Store(&holding{set, r.now()})
	r.health.succeeded(set, changed)
	return refreshAfter(lifetime, r.source.refresh)
}

func (r *remote) read(ctx context.Context) (*keySet, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, r.source.timeout)
	defer cancel()
	d, err := r.fetch(ctx)
	if err != nil {
		return nil, 0, err
	}
	set, err := readKeySet(d.body)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", errInvalid, err)
	}
	return set, d.lifetime, nil
}

// renewed asks for a fetch because seen lacks the kid, or is nil, and waits for the end of one, for wait
// at most. It tells whether there is another set now.
func (r *remote) renewed(ctx context.Context, seen *keySet, kid string, wait time.Duration) bool {
	asked := r.now()
	if r.keys(asked) != seen {
		return true
	}
	if landing := r.demand.ask(kid, asked, wait); landing != nil {
		lasted := waitFor(ctx, landing, wait)
		h := r.held.Load()
		lacking := lasted && h != nil && h.set == seen && h.at.After(asked)
		r.demand.waited(kid, r.now(), lacking)
	}
	return r.keys(r.now()) != seen
}

// waitFor tells whether the event came before the wait or the context was over.
func waitFor(ctx context.Context, event <-chan struct{}, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-event:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
