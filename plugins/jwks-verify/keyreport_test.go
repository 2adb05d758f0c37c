package jwksverify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestStatusTellsOfAKeySetFromItsFirstFetchToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		store, _ := storeOf(p, nil)
		defer store.close()
		if got := reported(t, store); got != `{"key_sets":[]}` {
			t.Errorf("of no source: %s", got)
		}
		patient, hasty := testSource("https://a.test/jwks?key=hunter2"), testSource("https://a.test/jwks?key=hunter2")
		hasty.maxStale = time.Hour
		store.leaseOf(t, patient)
		store.leaseOf(t, hasty)
		time.Sleep(500 * time.Millisecond)
		want := func(members string) {
			t.Helper()
			if diff := cmp.Diff(`{"key_sets":[{"source":"https://a.test/jwks",`+members+`}]}`, reported(t, store)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		want(`"state":"absent","age_seconds":0,"max_stale_seconds":3600,"keys":0,"kids":[],"skipped":0,` +
			`"last_fetch":{"result":"unreachable","at":"2000-01-01T00:00:00.02Z"}`)

		p.serve(jwks(jwk("k2", p256Key(), nil), jwk("k1", p384Key(), nil), members{"kty": "oct", "kid": "k0", "k": "AAAA"}))
		time.Sleep(2 * time.Second)
		p.serve([]byte("<html>"))
		fetched := lastFetched(t, store)
		const keys = `"max_stale_seconds":3600,"keys":2,"kids":["k0","k1","k2"],"skipped":1,`
		told := func(state string) { // the time of the last fetch is jittered
			t.Helper()
			age := int64(time.Since(fetched) / time.Second)
			got, _, _ := strings.Cut(reported(t, store), `"last_fetch"`)
			want := fmt.Sprintf(`{"key_sets":[{"source":"https://a.test/jwks","state":%q,"fetched":%q,"age_seconds":%d,%s`,
				state, fetched.Format(time.RFC3339Nano), age, keys)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		told("fresh")
		time.Sleep(time.Hour)
		told("stale")
		if got := reported(t, store); !strings.Contains(got, `"last_fetch":{"result":"invalid"`) {
			t.Errorf("after a page that is no key set: %s", got)
		}
		time.Sleep(24 * time.Hour)
		told("absent")
	})
}

// reported is the section as /status has it.
func reported(t *testing.T, s *keyStore) string {
	t.Helper()
	text, err := json.Marshal(s.report())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lastFetched is when the only source's keys were.
func lastFetched(t *testing.T, s *keyStore) time.Time {
	t.Helper()
	var r keysReport
	if err := json.Unmarshal([]byte(reported(t, s)), &r); err != nil || len(r.KeySets) != 1 || r.KeySets[0].Fetched == nil {
		t.Fatalf("%s, %v", reported(t, s), err)
	}
	return *r.KeySets[0].Fetched
}

func TestStatusIsBoundedWhateverTheKidsOfASet(t *testing.T) {
	kids := map[string]bool{}
	for i := range 2 * maxToldKids {
		kids[fmt.Sprintf("%03d", i)+strings.Repeat("x", 1000)] = true
	}
	told := toldKids(kids)
	if len(told) != maxToldKids || !strings.HasPrefix(told[maxToldKids-1], "063x") {
		t.Errorf("%d kids, the last %.5s", len(told), told[len(told)-1])
	}
	for _, kid := range told {
		if len(kid) > 120 {
			t.Errorf("a kid of %d bytes", len(kid))
		}
	}
}

func TestAVerdictIsCountedByReasonAndStatus(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	before := testutil.CollectAndCount(m.verdicts)
	if before != len(outcomes()) {
		t.Errorf("%d series before the first request, want %d", before, len(outcomes()))
	}
	m.passed(reasonOK)
	m.answered(reasonKidUnknown, 503)
	m.answered(reasonKidUnknown, 401)
	m.answered(reasonKidUnknown, 401)
	for _, row := range []struct {
		reason, status string
		want           float64
	}{{"ok", "", 1}, {"kid_unknown", "503", 1}, {"kid_unknown", "401", 2}, {"signature", "401", 0}} {
		if n := testutil.ToFloat64(m.verdicts.WithLabelValues(row.reason, row.status)); n != row.want {
			t.Errorf("%v of %s with %q, want %v", n, row.reason, row.status, row.want)
		}
	}
	m.answered(reasonExpired, 400) // none of outcomes: counted all the same
	if n := testutil.CollectAndCount(m.verdicts); n != before+1 {
		t.Errorf("%d series, want %d", n, before+1)
	}
}

// BenchmarkMetrics is what the metrics add to one request whose token is in the cache.
func BenchmarkMetrics(b *testing.B) {
	registry := prometheus.NewRegistry()
	m, tokens := newMetrics(registry), newTokenCache[*judged](registry)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			tokens.hits.Inc()
			m.passed(reasonOK)
		}
	})
}

func TestAHostGivesItsKeysUpWithTheFirstOfItsSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, _ := storeOf(&provider{body: oneKey("k1")}, nil)
		defer store.close()
		for n := range 20 { // the store visits them in no order
			source := testSource(fmt.Sprintf("https://a.test/%d", n))
			source.maxStale = time.Duration(n+1) * time.Hour
			store.leaseOf(t, source)
		}
		if got := store.snapshot()["a.test"].maxStale; got != time.Hour {
			t.Errorf("given up after %s, want %s", got, time.Hour)
		}
	})
}
