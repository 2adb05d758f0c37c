package jwksverify

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"tollgate/internal/plugin"
	"tollgate/internal/shared"
)

// keysGrace is how long a key set is kept fresh with nobody using it, so that a reload finds it warm.
const keysGrace = 5 * time.Minute

// keyStore holds the process's key sets, one remote for each distinct source.
type keyStore struct {
	log     *slog.Logger
	now     func() time.Time
	fetched func(error)
	// dial makes a source's transport.
	dial func(keySource) (http.RoundTripper, error)
	pool *shared.Pool[*remote]

	mu   sync.Mutex
	open map[*remote]struct{}
}

// newKeyStore returns an empty store. dial is nil except in tests.
func newKeyStore(deps plugin.Deps, dial func(keySource) (http.RoundTripper, error)) *keyStore {
	if dial == nil {
		dial = func(s keySource) (http.RoundTripper, error) { return newTransport(s) }
	}
	s := &keyStore{log: deps.Log, now: deps.Now, dial: dial, open: map[*remote]struct{}{}}
	s.pool = shared.NewPool(keysGrace, s.dispose)
	s.fetched = registerKeyMetrics(deps.Metrics, s.snapshot)
	return s
}

// always is a dial that gives the transport, nil for a nil one.
func always(transport http.RoundTripper) func(keySource) (http.RoundTripper, error) {
	if transport == nil {
		return nil
	}
	return func(keySource) (http.RoundTripper, error) { return transport, nil }
}

// keyLease is one holder's claim on the keys of a source.
type keyLease struct {
	lease *shared.Lease[*remote]
	wait  time.Duration
}

// acquire shares one remote among all that fetch in the same way. It waits for no network. Its errors
// repeat no secret of the source.
func (s *keyStore) acquire(source keySource) (*keyLease, error) {
	lease, err := s.pool.Acquire(source.identity(), func() (*remote, error) { return s.start(source) })
	if err != nil {
		return nil, err
	}
	return &keyLease{lease, source.wait}, nil
}

func (s *keyStore) start(source keySource) (*remote, error) {
	transport, err := s.dial(source)
	if err != nil {
		return nil, err
	}
	log := s.log.With("plugin", "jwks-verify", "source", source.name())
	r := startRemote(source, newFetcher(source, transport, s.now).fetch, s.now, log, s.fetched)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[r] = struct{}{}
	return r, nil
}

func (s *keyStore) dispose(r *remote) {
	s.mu.Lock()
	delete(s.open, r)
	s.mu.Unlock()
	r.close()
}

// close ends all fetching once the leases are released.
func (s *keyStore) close() { s.pool.Close() }

// keys returns the set to verify with at now, nil where there is none that is fresh enough.
func (l *keyLease) keys(now time.Time) *keySet { return l.lease.Value.keys(now) }

// renewed has the keys fetched because seen lacks the kid, or is nil, and waits for them for a bounded time.
// It tells whether there is another set now, so that verifying again can come to something else.
func (l *keyLease) renewed(ctx context.Context, seen *keySet, kid string) bool {
	return l.lease.Value.renewed(ctx, seen, kid, l.wait)
}

// hint tells that a key may have been replaced under its kid; nobody waits for what comes of it.
func (l *keyLease) hint(now time.Time) { l.lease.Value.demand.hint(now) }

// release gives the claim back; further calls do nothing.
func (l *keyLease) release() { l.lease.Release() }

// hostKeys is the state of one host's sources, taken together.
type hostKeys struct {
	age  time.Duration // of the source that is the furthest behind
	keys int
}

// snapshot is the state by host: several issuers can live on one, PingOne's environments do.
func (s *keyStore) snapshot() map[string]hostKeys {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	now, out := s.now(), map[string]hostKeys{}
	for _, r := range open {
		h := out[r.source.host()]
		h.age = max(h.age, r.age(now))
		if set := r.keys(now); set != nil {
			h.keys += set.usable
		}
		out[r.source.host()] = h
	}
	return out
}
