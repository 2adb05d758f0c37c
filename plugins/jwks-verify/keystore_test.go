package jwksverify

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/plugin"
)

// storeOf is a store all of whose sources are a provider's.
func storeOf(p *provider, log *book) (*keyStore, *prometheus.Registry) {
	registry := prometheus.NewRegistry()
	return newKeyStore(plugin.Deps{Log: log.logger(), Metrics: registry, Now: time.Now}, always(p)), registry
}

func TestSourcesShareWhatTheyFetchAlike(t *testing.T) {
	base := testSource("https://a.test/jwks")
	for name, row := range map[string]struct {
		change func(*keySource)
		shared bool
	}{
		"the same options":           {func(*keySource) {}, true},
		"another wait":               {func(s *keySource) { s.wait = time.Second }, true},
		"another issuer at that URL": {func(s *keySource) { s.issuer = "https://b.test" }, true},
		"another URL":                {func(s *keySource) { s.uri = "https://b.test/jwks" }, false},
		"the issuer's own URL":       {func(s *keySource) { s.uri = "" }, false},
		"another refresh":            {func(s *keySource) { s.refresh = time.Minute }, true},
		"another staleness":          {func(s *keySource) { s.maxStale = time.Hour }, true},
		"another timeout":            {func(s *keySource) { s.timeout = time.Second }, true},
		"plain http allowed":         {func(s *keySource) { s.insecureHTTP = true }, false},
		"an authority of its own":    {func(s *keySource) { s.caCertificates = "PEM" }, false},
		"a client certificate":       {func(s *keySource) { s.clientCertificate = "PEM" }, false},
		"another client key":         {func(s *keySource) { s.clientKey = "PEM" }, false},
		"a proxy":                    {func(s *keySource) { s.proxy = "http://p.test" }, false},
	} {
		changed := base
		row.change(&changed)
		if got := changed.identity() == base.identity(); got != row.shared {
			t.Errorf("%s: shared is %t", name, got)
		}
	}
	a, b := testSource(""), testSource("")
	a.issuer = "https://other.test"
	if a.identity() == b.identity() {
		t.Error("two issuers share what is discovered for each")
	}
}

func TestAKeySetOutlivesItsLeaseForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		store, _ := storeOf(p, nil)
		defer store.close()
		for range 3 { // three reloads
			lease, err := store.acquire(testSource("https://a.test/jwks"))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if lease.keys(time.Now()) == nil || p.fetched() != 1 {
				t.Errorf("no keys, or %d fetches", p.fetched())
			}
			lease.release()
			lease.release()
			time.Sleep(time.Minute)
		}
		time.Sleep(keysGrace)
		before := p.fetched()
		time.Sleep(time.Hour)
		if n := p.fetched() - before; n != 0 {
			t.Errorf("%d fetches for nobody", n)
		}
	})
}

func TestABadSourceIsNoLease(t *testing.T) {
	store := newKeyStore(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now}, nil)
	defer store.close()
	source := testSource("https://a.test/jwks")
	source.caCertificates = "none"
	if _, err := store.acquire(source); err == nil || !strings.Contains(err.Error(), "CA certificates") {
		t.Errorf("got %v", err)
	}
}

func TestSourceNamesHoldNoSecret(t *testing.T) {
	for address, want := range map[string]string{
		"https://u:hunter2@a.test:8443/jwks?key=hunter2#hunter2": "https://a.test:8443/jwks",
		"https://a.test/x%2Fy": "https://a.test/x%2Fy",
		"https://hunter2%zz@[": "unreadable",
	} {
		if got := testSource(address).name(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	discovered := testSource("")
	if discovered.name() != testIssuer || discovered.host() != "auth.example.test" {
		t.Errorf("a discovered source is %s on %s", discovered.name(), discovered.host())
	}
}

func TestKeyMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: jwks(jwk("k1", p256Key(), nil), jwk("k2", p384Key(), nil))}
		store, registry := storeOf(p, nil)
		defer store.close()
		for _, uri := range []string{"https://a.test/1", "https://a.test/2", "https://b.test/1"} {
			store.leaseOf(t, testSource(uri))
		}
		time.Sleep(time.Second)
		p.serve([]byte("<html>"))
		time.Sleep(10*time.Minute - time.Second)
		want := map[string]float64{"a.test": 4, "b.test": 2}
		for host, state := range store.snapshot() {
			if float64(state.keys) != want[host] || state.age < 9*time.Minute || state.age > 10*time.Minute {
				t.Errorf("%s has %d keys of %s", host, state.keys, state.age)
			}
			delete(want, host)
		}
		if len(want) > 0 {
			t.Errorf("without %v", want)
		}
		p.serve(nil)
		time.Sleep(24 * time.Hour)
		for host, state := range store.snapshot() {
			if state.keys != 0 || state.age < 24*time.Hour || state.maxStale != 24*time.Hour {
				t.Errorf("%s has %d keys of %s", host, state.keys, state.age)
			}
		}
		if n, err := testutil.GatherAndCount(registry, "tollgate_jwks_verify_keys",
			"tollgate_jwks_verify_keys_age_seconds", "tollgate_jwks_verify_keys_max_stale_seconds"); n != 6 || err != nil {
			t.Errorf("%d metrics, %v", n, err)
		}
		if problems, err := testutil.GatherAndLint(registry); len(problems) > 0 || err != nil {
			t.Errorf("%v %v", problems, err)
		}
	})
}

func TestAHostIsAsOldAsTheOldestOfItsSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := map[string]string{"https://a.test/ok": string(oneKey("k1")), "https://a.test/down": "down"}
		store := newKeyStore(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: time.Now},
			func(keySource) (http.RoundTripper, error) { return &webs{pages: pages}, nil })
		defer store.close()
		for n := range 20 { // the store visits them in no order
			source := testSource("https://a.test/ok")
			source.proxy = fmt.Sprintf("http://proxy-%d.test", n) // another source
			store.leaseOf(t, source)
		}
		down, err := store.acquire(testSource("https://a.test/down"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if age := store.snapshot()["a.test"].age; age != time.Hour {
			t.Errorf("the age is %s", age)
		}
		down.release()
		time.Sleep(keysGrace + time.Second)
		if age := store.snapshot()["a.test"].age; age > 10*time.Minute {
			t.Errorf("the age with the oldest gone is %s", age)
		}
	})
}

func TestFetchesAreCountedByResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &webs{pages: map[string]string{"https://a.test/ok": string(oneKey("k1")), "https://a.test/html": "<html>", "https://a.test/down": "down"}}
		registry := prometheus.NewRegistry()
		store := newKeyStore(plugin.Deps{Log: slog.New(slog.DiscardHandler), Metrics: registry, Now: time.Now},
			func(keySource) (http.RoundTripper, error) { return w, nil })
		defer store.close()
		for _, page := range []string{"ok", "html", "down", "missing"} {
			store.leaseOf(t, testSource("https://a.test/"+page))
		}
		store.leaseOf(t, testSource("")) // whose metadata are missing
		time.Sleep(100 * time.Millisecond)
		want := `# HELP tollgate_jwks_verify_fetches_total Fetches of key sets, by result: ok, unreachable, status, invalid or discovery.
# TYPE tollgate_jwks_verify_fetches_total counter
`
		for _, result := range []string{"discovery", "invalid", "ok", "status", "unreachable"} {
			want += fmt.Sprintf("tollgate_jwks_verify_fetches_total{result=%q} 1\n", result)
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tollgate_jwks_verify_fetches_total"); err != nil {
			t.Error(err)
		}
	})
}

// lines are what a log holds, without its times.
func lines(log string) []string {
	var out []string
	for line := range strings.Lines(log) {
		_, rest, _ := strings.Cut(line, " ")
		out = append(out, strings.TrimSpace(rest))
	}
	return out
}

func TestEachChangeIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		var log book
		store, _ := storeOf(p, &log)
		defer store.close()
		keys := store.leaseOf(t, testSource("https://a.test/jwks?key=hunter2"))
		step := func(name string, lasts time.Duration, want ...string) {
			t.Helper()
			time.Sleep(lasts)
			synctest.Wait()
			got := lines(log.take())
			if len(got) != len(want) {
				t.Errorf("%s: logged %q", name, got)
				return
			}
			for i, line := range got {
				if !strings.Contains(line, want[i]) || !strings.Contains(line, "source=https://a.test/jwks") || strings.Contains(line, "hunter2") {
					t.Errorf("%s: %q, want %q in it", name, line, want[i])
				}
			}
		}
		step("at the start", time.Hour, "a new key set is in use")
		p.serve(nil)
		step("when the provider goes down", time.Hour, "level=WARN msg=\"fetching a key set failed\" plugin=jwks-verify")
		p.serve([]byte("<html>"))
		step("when it serves HTML", time.Hour, "not a key set")
		step("while it does", 21*time.Hour)
		step("when the keys are too old", 2*time.Hour, "level=ERROR msg=\"the key set is too old")
		p.serve(oneKey("k1"))
		step("when it is right again", time.Hour, "can be fetched again")
		p.serve(jwks(jwk("k2", p256Key(), nil), members{"kty": "oct", "kid": "s", "k": "c2VjcmV0"}))
		step("when the keys are others", time.Hour, "published")
		if keys.keys(time.Now()) == nil {
			t.Error("there are no keys in the end")
		}
	})
}

func TestWhoGoesWithoutKeysIsLoggedOnceEach(t *testing.T) {
	const some, all = "too old for the configuration with the shortest", "too old for every configuration"
	synctest.Test(t, func(t *testing.T) {
		p := &provider{body: oneKey("k1")}
		var log book
		store, registry := storeOf(p, &log)
		defer store.close()
		strict := leaseWith(t, store, func(s *keySource) { s.maxStale = 10 * time.Minute })
		patient := leaseWith(t, store, func(s *keySource) { s.maxStale = 2 * time.Hour })
		time.Sleep(time.Second)
		log.take()
		p.serve(nil)
		for _, step := range []struct {
			name            string
			lasts           time.Duration
			want            string
			strict, patient bool
			gauge           int
		}{
			{"while both have keys", 9 * time.Minute, "older_set_in_use=true", true, true, 1},
			{"when one starves", 2 * time.Minute, some, false, true, 0},
			{"while it does", time.Hour, "", false, true, 0},
			{"when both do", time.Hour, all, false, false, 0},
			{"while both do", time.Hour, "", false, false, 0},
		} {
			time.Sleep(step.lasts)
			synctest.Wait()
			got := log.take()
			if n := strings.Count(got, "\n"); step.want == "" && n != 0 || step.want != "" && (n != 1 || !strings.Contains(got, step.want)) {
				t.Errorf("%s: logged %q, want %q", step.name, got, step.want)
			}
			if s, p := strict.keys(time.Now()) != nil, patient.keys(time.Now()) != nil; s != step.strict || p != step.patient {
				t.Errorf("%s: keys for the strict one: %t, for the patient one: %t", step.name, s, p)
			}
			if n := store.snapshot()["a.test"].keys; n != step.gauge {
				t.Errorf("%s: the gauge shows %d", step.name, n)
			}
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "tollgate_jwks_verify_keys" && !strings.Contains(f.GetHelp(), "shortest jwks_max_stale_seconds") {
				t.Errorf("its help does not say what the gauge goes by: %s", f.GetHelp())
			}
		}
	})
}
