package jwksverify

import (
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
)

// leaseWith leases the same keys on other terms.
func leaseWith(t *testing.T, s *keyStore, change func(*keySource)) *keyLease {
	t.Helper()
	source := testSource("https://a.test/jwks")
	change(&source)
	return s.leaseOf(t, source)
}

func TestConfigurationsOfOneSourceShareItsCoolDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		store, _ := storeOf(p, nil)
		defer store.close()
		one := leaseWith(t, store, func(*keySource) {})
		two := leaseWith(t, store, func(s *keySource) {
			s.refresh, s.maxStale, s.timeout, s.wait = time.Minute, time.Hour, time.Second, 0
		})
		time.Sleep(time.Second)
		if one.keys(time.Now()) != two.keys(time.Now()) || p.fetched() != 1 {
			t.Errorf("%d fetches for one set", p.fetched())
		}
		for range 4 {
			one.renewed(t.Context(), one.keys(time.Now()), "x", one.until())
			two.renewed(t.Context(), two.keys(time.Now()), "y", two.until())
			time.Sleep(time.Second)
		}
		if n := p.fetched(); n > 2 {
			t.Errorf("%d fetches in a cool-down", n-1)
		}
	})
}

func TestTheShortestRefreshCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		store, _ := storeOf(p, nil)
		defer store.close()
		leaseWith(t, store, func(s *keySource) { s.refresh = 24 * time.Hour })
		fetchesIn := func(d time.Duration) int {
			before := p.fetched()
			time.Sleep(d)
			return p.fetched() - before
		}
		fetchesIn(time.Second)
		if n := fetchesIn(time.Hour); n != 0 {
			t.Errorf("%d fetches in an hour of one that refreshes once a day", n)
		}
		quick := leaseWith(t, store, func(s *keySource) { s.refresh = 10 * time.Minute })
		if n := fetchesIn(time.Second); n != 1 {
			t.Errorf("%d fetches where the keys are too old for a lease that came", n)
		}
		if n := fetchesIn(time.Hour); n < 6 || n > 8 {
			t.Errorf("%d fetches in an hour of one that refreshes every ten minutes", n)
		}
		p.mu.Lock()
		last, pauses := len(p.fetches)-1, map[time.Duration]bool{}
		for i := last - 3; i < last; i++ {
			pauses[p.fetches[i+1].Sub(p.fetches[i])] = true
		}
		p.mu.Unlock()
		if len(pauses) != 3 {
			t.Errorf("its pauses are alike: %v", pauses)
		}
		quick.release()
		quick.release() // a second time does nothing
		fetchesIn(10 * time.Minute)
		if n := fetchesIn(time.Hour); n != 0 {
			t.Errorf("%d fetches in an hour after that has gone", n)
		}
	})
}

// A lease that comes while a fetch is under way is heard, too.
func TestALeaseThatComesDuringAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		store, _ := storeOf(p, nil)
		defer store.close()
		leaseWith(t, store, func(s *keySource) { s.refresh = 24 * time.Hour })
		time.Sleep(10 * time.Millisecond) // of 20
		leaseWith(t, store, func(s *keySource) { s.refresh = time.Minute })
		time.Sleep(time.Minute + time.Second)
		if n := p.fetched(); n != 2 {
			t.Errorf("%d fetches in a minute", n)
		}
	})
}

func TestALeaseDoesNotHurryRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		store, _ := storeOf(p, nil)
		defer store.close()
		leaseWith(t, store, func(*keySource) {})
		time.Sleep(time.Second)
		p.serve(nil)
		time.Sleep(time.Hour)
		before := p.fetched()
		leaseWith(t, store, func(s *keySource) { s.refresh = 10 * time.Second })
		time.Sleep(lastRetry)
		if n := p.fetched() - before; n > 2 {
			t.Errorf("%d fetches in %s", n, lastRetry)
		}
	})
}

func TestEachLeaseJudgesStalenessByItsOwnTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		store, _ := storeOf(p, nil)
		defer store.close()
		patient := leaseWith(t, store, func(s *keySource) { s.maxStale = 24 * time.Hour })
		strict := leaseWith(t, store, func(s *keySource) { s.maxStale = 10 * time.Minute })
		time.Sleep(time.Second)
		p.serve(nil)
		fetched := patient.remote.held.Load().at
		for _, row := range []struct {
			age             time.Duration
			patient, strict bool
		}{
			{10 * time.Minute, true, true}, {10*time.Minute + 1, true, false}, {24 * time.Hour, true, false}, {24*time.Hour + 1, false, false},
		} {
			time.Sleep(time.Until(fetched.Add(row.age)))
			now := time.Now()
			if p, s := patient.keys(now) != nil, strict.keys(now) != nil; p != row.patient || s != row.strict {
				t.Errorf("after %s: the patient one has keys: %t, the strict one: %t", row.age, p, s)
			}
		}
		p.serve(oneKey("k1"))
		if !strict.renewed(t.Context(), nil, "k1", strict.until()) || strict.keys(time.Now()) == nil {
			t.Error("a request with keys that are too old did not bring them back")
		}
	})
}

// slowly answers after a time, where the client stays for that long.
type slowly struct {
	*provider
	takes time.Duration
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(s.takes):
		return s.provider.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestTheLongestTimeoutCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deps := plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now}
		store := newKeyStore(deps, always(slowly{&provider{body: oneKey("k1")}, 10 * time.Second}))
		defer store.close()
		short := leaseWith(t, store, func(s *keySource) { s.timeout = time.Second })
		time.Sleep(time.Minute)
		if short.keys(time.Now()) != nil {
			t.Error("a timeout of a second lets a fetch take ten")
		}
		long := leaseWith(t, store, func(s *keySource) { s.timeout = 20 * time.Second })
		start := time.Now()
		long.renewed(t.Context(), nil, "k1", long.until())
		if took := time.Since(start); took > testWait {
			t.Errorf("a request waited %s", took)
		}
		time.Sleep(time.Minute)
		if short.keys(time.Now()) == nil || long.keys(time.Now()) == nil {
			t.Error("a timeout of twenty seconds lets no fetch take ten")
		}
	})
}
