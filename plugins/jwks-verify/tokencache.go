package jwksverify

import (
	"crypto/sha256"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Bounds of the process's token cache. Refused tokens have a smaller part of their own: whoever floods it
// pushes out no good token.
const (
	maxVerified      = 1 << 17
	maxVerifiedBytes = 192 << 20
	maxRefused       = 1 << 14
	maxRefusedBytes  = 16 << 20
	// refusedFor is how long a bad signature is remembered. It cannot become good while the key is the same.
	refusedFor = 30 * time.Second
)

// tokenCache remembers what verifying tokens came to, as a T that does not change. What depends on time is
// to be checked again on each hit.
type tokenCache[T any] struct {
	verified, refused   *cache[T]
	hits, known, misses prometheus.Counter
	evictedV, evictedR  prometheus.Counter
}

func newTokenCache[T any](registry prometheus.Registerer) *tokenCache[T] {
	c := &tokenCache[T]{
		verified: newCache[T](maxVerified, maxVerifiedBytes),
		refused:  newCache[T](maxRefused, maxRefusedBytes),
	}
	c.register(registry)
	return c
}

// tokenKey is the key of a token under a configuration and the key sets of its issuers, in the order of the
// configuration, nil for none: another token, another configuration or other keys are another entry. Each
// part but the last has one length, so that no two lists of parts read the same.
func tokenKey(config [sha256.Size]byte, sets []*keySet, token string) cacheKey {
	var room [2048]byte // most tokens fit, and cost no allocation
	text := append(room[:0], config[:]...)
	for _, set := range sets {
		var g generation
		if set != nil {
			g = set.generation
		}
		text = append(text, g[:]...)
	}
	return sha256.Sum256(append(text, token...))
}

// get returns what is known of a token, verified or refused.
func (c *tokenCache[T]) get(key cacheKey, now time.Time) (T, bool) {
	if value, ok := c.verified.get(key, now); ok {
		c.hits.Inc()
		return value, true
	}
	value, ok := c.refused.get(key, now)
	if ok {
		c.known.Inc()
	} else {
		c.misses.Inc()
	}
	return value, ok
}

// putVerified keeps what a good token proved, up to its exp and for ttl at most; bytes is about what
// the value holds.
func (c *tokenCache[T]) putVerified(key cacheKey, value T, bytes int, now, exp time.Time, ttl time.Duration) {
	until := now.Add(ttl)
	if exp.Before(until) {
		until = exp
	}
	c.evictedV.Add(float64(c.verified.put(key, value, bytes, now, until)))
}

// putRefused keeps that a token's signature is bad, and only that: every other refusal can turn.
func (c *tokenCache[T]) putRefused(key cacheKey, value T, bytes int, now time.Time) {
	c.evictedR.Add(float64(c.refused.put(key, value, bytes, now, now.Add(refusedFor))))
}

func (c *tokenCache[T]) register(registry prometheus.Registerer) {
	lookups := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_jwks_verify_cache_lookups_total",
		Help: "Tokens looked up in the cache, by result: hit, refused (a bad signature that was known) or miss.",
	}, []string{"result"})
	evictions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tollgate_jwks_verify_cache_evictions_total",
		Help: "Tokens pushed out of the cache before their time, by kind: verified or refused.",
	}, []string{"kind"})
	registry.MustRegister(lookups, evictions)
	c.hits, c.known, c.misses = lookups.WithLabelValues("hit"), lookups.WithLabelValues("refused"), lookups.WithLabelValues("miss")
	c.evictedV, c.evictedR = evictions.WithLabelValues("verified"), evictions.WithLabelValues("refused")
	for kind, part := range map[string]*cache[T]{"verified": c.verified, "refused": c.refused} {
		labels := prometheus.Labels{"kind": kind}
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tollgate_jwks_verify_cache_entries", Help: "Tokens in the cache.", ConstLabels: labels,
		}, func() float64 { entries, _ := part.size(); return float64(entries) }))
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tollgate_jwks_verify_cache_bytes", Help: "Memory that the tokens in the cache take, about.", ConstLabels: labels,
		}, func() float64 { _, bytes := part.size(); return float64(bytes) }))
	}
}
