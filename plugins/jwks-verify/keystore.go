package jwksverify

import (
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

// acquire shares one remote among all that fetch in the same way. It waits for no network. Its errors
// repeat no secret of the source.
func (s *keyStore) acquire(source keySource) (*keyLease, error) {
	lease, err := s.pool.Acquire(source.identity(), func() (*remote, error) { return s.start(source) })
	if err != nil {
		return nil, err
	}
	r, t := lease.Value, source.terms()
	r.join(t)
	release := sync.OnceFunc(func() {
		r.leave(t)
		lease.Release()
	})
	return &keyLease{remote: r, terms: t, wait: source.wait, release: release}, nil
}

func (s *keyStore) start(source keySource) (*remote, error) {
	transport, err := s.dial(source)
	if err != nil {
		return nil, err
	}
	log := s.log.With("plugin", "jwks-verify", "source", source.name())
	r := startRemote(source, newFetcher(source, transport, s.now).keys, s.now, log, s.fetched)
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

func (s *keyStore) remotes() []*remote {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.open))
}

// hostKeys is the state of one host's sources, taken together.
type hostKeys struct {
	age  time.Duration // of the source that is the furthest behind
	keys int
	// maxStale is that of the source that gives its keys up first.
	maxStale time.Duration
}

// snapshot is the state by host: several issuers can live on one, PingOne's environments do.
func (s *keyStore) snapshot() map[string]hostKeys {
	now, out := s.now(), map[string]hostKeys{}
	for _, r := range s.remotes() {
		maxStale := r.terms.current().maxStale
		h, ok := out[r.source.host()]
		if !ok || maxStale < h.maxStale {
			h.maxStale = maxStale
		}
		h.age = max(h.age, r.age(now))
		if set := r.keys(now); set != nil {
			h.keys += set.usable
		}
		out[r.source.host()] = h
	}
	return out
}
