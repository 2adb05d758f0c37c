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

// renewed has the keys fetched because seen lacks the kid, or is nil, and waits for them for a bounded time.
// It tells whether there is another set now, so that verifying again can come to something else.
func (l *keyLease) renewed(ctx context.Context, seen *keySet, kid string) bool {
	asked := l.remote.now()
	if l.keys(asked) != seen {
		return true
	}
	if landing := l.remote.demand.ask(kid, asked, l.wait); landing != nil {
		waitFor(ctx, landing, l.wait)
		l.remote.demand.waited()
	}
	return l.keys(l.remote.now()) != seen
}

// certain tells whether a kid that the set lacks is one that the source has no key for.
func (l *keyLease) certain(kid string, now time.Time) bool { return l.remote.demand.certain(kid, now) }

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
