package jwksverify

import (
	"context"
	"time"
)

// keyLease is one holder's claim on the keys of a source, on terms of its own.
type keyLease struct {
	remote *remote
	terms  terms
	// wait is how long a request of the holder waits for keys.
	wait time.Duration
	// release gives the claim back; further calls do nothing.
	release func()
}

// keys returns the set to verify with at now, nil where there is none, or none that is fresh enough.
func (l *keyLease) keys(now time.Time) *keySet { return l.remote.within(now, l.terms.maxStale) }

// until is the time up to which a request that comes now may wait.
func (l *keyLease) until() time.Time { return l.remote.now().Add(l.wait) }

// renewed has the keys fetched because seen lacks the kid, or is nil, and waits for them until a time at most.
// A fetch under way may have taken off before anybody wanted the kid: then it waits for the next as well,
// where that is in time. It tells whether there is another set now, so that verifying again can come to
// something else.
func (l *keyLease) renewed(ctx context.Context, seen *keySet, kid string, until time.Time) bool {
	for {
		now := l.remote.now()
		if l.keys(now) != seen {
			return true
		}
		wait := until.Sub(now)
		landing := l.remote.demand.ask(kid, now, wait)
		if landing == nil {
			return l.keys(l.remote.now()) != seen
		}
		waitFor(ctx, landing, wait)
		l.remote.demand.waited()
		if ctx.Err() != nil {
			return false
		}
	}
}

// search tells how far the search for a kid that the set lacks has come.
func (l *keyLease) search(kid string, now time.Time) search { return l.remote.demand.search(kid, now) }

// hint tells that a key may have been replaced under its kid; nobody waits for what comes of it.
func (l *keyLease) hint(now time.Time) { l.remote.demand.hint(now) }

// waitFor returns at the event, or when the wait or the context is over.
func waitFor(ctx context.Context, event <-chan struct{}, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-event:
	case <-timer.C:
	case <-ctx.Done():
	}
}
