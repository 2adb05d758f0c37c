package jwksverify

import (
	"context"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"
)

// remote keeps one source's key set fresh. Its goroutine runs until close.
type remote struct {
	source keySource
	fetch  keyFetch
	now    func() time.Time
	count  func(error)
	opened time.Time
	terms  *agreement

	held    atomic.Pointer[holding] // nil until the first fetch succeeds
	last    atomic.Pointer[ending]  // nil until the first fetch has ended
	demand  *demand
	health  health // the goroutine's own
	stop    context.CancelFunc
	stopped chan struct{}
}

// keyFetch gets a key set once, and how long the answer says that it holds, or noLifetime.
type keyFetch func(context.Context) (*keySet, time.Duration, error)

// holding is a set, the end of the fetch that last confirmed it, and how long that says that it holds.
type holding struct {
	set      *keySet
	at       time.Time
	lifetime time.Duration
}

// ending is how the last fetch went, one of causes, and when.
type ending struct {
	cause string
	at    time.Time
}

// startRemote fetches at once and in the background. count is told of each fetch.
func startRemote(s keySource, fetch keyFetch, now func() time.Time, log *slog.Logger, count func(error)) *remote {
	ctx, cancel := context.WithCancel(context.Background())
	r := &remote{
		source: s, fetch: fetch, now: now, count: count, opened: now(), terms: newAgreement(s.terms()),
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

// join has the keys kept on a lease's terms too.
func (r *remote) join(t terms) {
	r.terms.join(t)
	r.hasten()
}

func (r *remote) leave(t terms) { r.terms.leave(t) }

// within returns the set that was confirmed within a time, nil where there is none.
func (r *remote) within(now time.Time, maxStale time.Duration) *keySet {
	h := r.held.Load()
	if h == nil || now.Sub(h.at) > maxStale {
		return nil
	}
	return h.set
}

// keys returns the set that is fresh enough for every lease, nil where there is none: some lease may have one yet.
func (r *remote) keys(now time.Time) *keySet { return r.within(now, r.terms.current().maxStale) }

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
		r.demand.land(r.load(ctx))
		r.hasten() // a lease may have come while it was under way
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

// hasten brings the next fetch forward to what the terms want of the last one.
func (r *remote) hasten() {
	if h := r.held.Load(); h != nil {
		r.demand.sooner(h.at.Add(refreshAfter(h.lifetime, r.terms.current().refresh)))
	}
}

// load fetches once, on the terms as they are at its start. Only a good set replaces another.
func (r *remote) load(ctx context.Context) landed {
	agreed, before := r.terms.current(), r.keys(r.now())
	set, lifetime, err := r.read(ctx, agreed.timeout)
	now := r.now()
	if ctx.Err() != nil {
		return landed{at: now}
	}
	r.count(err)
	r.last.Store(&ending{causeOf(err), now})
	if err != nil {
		failures := r.health.failed(err, r.held.Load() != nil, r.terms.starving(r.age(now)))
		return landed{at: now, next: now.Add(jittered(retryAfterFailures(failures)))}
	}
	set = r.hold(set, lifetime, now)
	return landed{at: now, next: now.Add(jittered(refreshAfter(lifetime, agreed.refresh))), set: set, changed: set != before}
}

func (r *remote) read(ctx context.Context, timeout time.Duration) (*keySet, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return r.fetch(ctx)
}

// hold puts a set that was fetched to use, and returns it, or the one before that is no other.
func (r *remote) hold(set *keySet, lifetime time.Duration, now time.Time) *keySet {
	old := r.held.Load()
	changed := old == nil || old.set.generation != set.generation
	if !changed && maps.Equal(old.set.kids, set.kids) {
		set = old.set // whoever compares sees no other
	}
	r.held.Store(&holding{set, now, lifetime})
	r.health.succeeded(set, changed)
	return set
}
