package jwksverify

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestATokensKeyIsThatOfAllThatDecides(t *testing.T) {
	one, two := keysOf(t, jwk("k1", rsaKey(), nil)), keysOf(t, jwk("k1", otherRSA(), nil))
	config, other := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("other"))
	token := goodToken()
	base := tokenKey(config, []*keySet{one, nil}, token)
	if tokenKey(config, []*keySet{keysOf(t, jwk("k1", rsaKey(), nil)), nil}, token) != base {
		t.Error("the same keys, fetched again, are another")
	}
	seen := map[cacheKey]string{base: "the token itself"}
	for name, key := range map[string]cacheKey{
		"another token":                     tokenKey(config, []*keySet{one, nil}, token+"A"),
		"another configuration":             tokenKey(other, []*keySet{one, nil}, token),
		"other keys":                        tokenKey(config, []*keySet{two, nil}, token),
		"other keys of the other issuer":    tokenKey(config, []*keySet{one, two}, token),
		"the issuers' keys exchanged":       tokenKey(config, []*keySet{nil, one}, token),
		"keys that are gone":                tokenKey(config, []*keySet{nil, nil}, token),
		"a token that is empty":             tokenKey(config, []*keySet{one, nil}, ""),
		"a token longer than the usual":     tokenKey(config, []*keySet{one, nil}, strings.Repeat(token, 20)),
		"another that is longer than usual": tokenKey(config, []*keySet{one, nil}, strings.Repeat(token, 20)+"A"),
	} {
		if before, double := seen[key]; double {
			t.Errorf("%s has the key of %s", name, before)
		}
		seen[key] = name
	}
}

func TestTokenLifetimes(t *testing.T) {
	for name, row := range map[string]struct {
		exp  float64
		ttl  time.Duration
		last float64 // when it is known for the last time
	}{
		"up to its exp":            {10, time.Minute, 9.9},
		"up to the configured":     {1000, time.Minute, 59.9},
		"not at all, with no time": {1000, 0, -1},
		"not at all, past its exp": {-5, time.Minute, -1},
	} {
		c := newTokenCache[string](prometheus.NewRegistry())
		c.putVerified(keyOf(1), "good", 100, moment(0), moment(row.exp), row.ttl)
		got, ok := c.get(keyOf(1), moment(max(0, row.last)))
		if ok != (row.last >= 0) || ok && got != "good" {
			t.Errorf("%s: %q, %t", name, got, ok)
		}
		if _, ok := c.get(keyOf(1), moment(row.last+0.2)); ok && row.last >= 0 {
			t.Errorf("%s: it is known later", name)
		}
	}
}

func TestBadTokensPushOutNoGoodOnes(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := newTokenCache[string](registry)
	for i := range 1000 {
		c.putVerified(keyOf(-i-1), "good", 1000, moment(0), moment(300), time.Hour)
	}
	for i := range 5 * maxRefused {
		c.putRefused(keyOf(i), "bad", 200, moment(0))
	}
	for i := range 1000 {
		if got, ok := c.get(keyOf(-i-1), moment(1)); !ok || got != "good" {
			t.Fatal("a good token is gone")
		}
	}
	if entries, bytes := c.refused.size(); entries > maxRefused || bytes > maxRefusedBytes {
		t.Errorf("%d bad tokens of %d bytes are remembered", entries, bytes)
	}
	want := `# HELP tollgate_jwks_verify_cache_entries Tokens in the cache.
# TYPE tollgate_jwks_verify_cache_entries gauge
tollgate_jwks_verify_cache_entries{kind="refused"} 16384
tollgate_jwks_verify_cache_entries{kind="verified"} 1000
# HELP tollgate_jwks_verify_cache_evictions_total Tokens pushed out of the cache before their time, by kind: verified or refused.
# TYPE tollgate_jwks_verify_cache_evictions_total counter
tollgate_jwks_verify_cache_evictions_total{kind="refused"} 65536
tollgate_jwks_verify_cache_evictions_total{kind="verified"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tollgate_jwks_verify_cache_entries", "tollgate_jwks_verify_cache_evictions_total"); err != nil {
		t.Error(err)
	}
}

func TestABadTokenIsKnownForAWhile(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := newTokenCache[string](registry)
	c.putRefused(keyOf(1), "bad", 200, moment(0))
	c.putVerified(keyOf(2), "good", 200, moment(0), moment(100), time.Minute)
	for _, now := range []float64{0, 29, 30} {
		got, ok := c.get(keyOf(1), moment(now))
		if ok != (now < 30) || ok && got != "bad" {
			t.Errorf("after %v s: %q, %t", now, got, ok)
		}
	}
	c.get(keyOf(2), moment(1))
	want := `# HELP tollgate_jwks_verify_cache_lookups_total Tokens looked up in the cache, by result: hit, refused (a bad signature that was known) or miss.
# TYPE tollgate_jwks_verify_cache_lookups_total counter
tollgate_jwks_verify_cache_lookups_total{result="hit"} 1
tollgate_jwks_verify_cache_lookups_total{result="miss"} 1
tollgate_jwks_verify_cache_lookups_total{result="refused"} 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tollgate_jwks_verify_cache_lookups_total"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(registry); len(problems) > 0 || err != nil {
		t.Errorf("%v %v", problems, err)
	}
}

// BenchmarkTokenCache is a hit as a request pays it: the key's digest and the lookup.
func BenchmarkTokenCache(b *testing.B) {
	set := keysOf(b, jwk("k1", rsaKey(), nil))
	for _, size := range []int{700, 1500, 4000} {
		b.Run(fmt.Sprintf("token of %d bytes", size), func(b *testing.B) {
			c := newTokenCache[*int](prometheus.NewRegistry())
			config, token, sets := sha256.Sum256(nil), strings.Repeat("x", size), []*keySet{set}
			c.putVerified(tokenKey(config, sets, token), new(int), size, moment(0), moment(300), time.Hour)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := c.get(tokenKey(config, sets, token), moment(1)); !ok {
					b.Fatal("a miss")
				}
			}
		})
	}
}

// BenchmarkTokenCacheMemory verifies and remembers 100,000 tokens as requests do, and tells what that takes.
func BenchmarkTokenCacheMemory(b *testing.B) {
	const tokens = 100_000
	for b.Loop() {
		h, sets := rememberer(b, nil)
		before := heap()
		var hands sync.WaitGroup
		for hand := range runtime.GOMAXPROCS(0) {
			hands.Go(func() {
				for i := hand; i < tokens; i += runtime.GOMAXPROCS(0) {
					if j := h.authenticate(distinct(i, nil, edKey()), sets, testNow); j.refused != nil {
						b.Error(j.refused)
					}
				}
			})
		}
		hands.Wait()
		grown := heap() - before
		entries, bytes := sizeOf(h.tokens)
		if entries != tokens {
			b.Errorf("%d of %d tokens are remembered", entries, tokens)
		}
		b.ReportMetric(float64(grown)/tokens, "bytes/token")
		b.ReportMetric(float64(bytes)/tokens, "bytes-counted/token")
	}
}
