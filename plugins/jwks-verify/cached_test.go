package jwksverify

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollgate/internal/plugin"
)

// status is what a request with the token gets.
func status(t *testing.T, h plugin.Handler, token string) int {
	t.Helper()
	got := request(token, nil).Run(t, h)
	if got.Exit == nil {
		return http.StatusOK
	}
	return got.Exit.Status
}

// What one configuration makes of a token is nothing to another, whichever sees it first.
func TestTheCacheKeepsConfigurationsApart(t *testing.T) {
	for _, strictFirst := range []bool{true, false} {
		inWorld(t, func(t *testing.T, w *world) {
			lax := w.build(t, nil)
			strict := w.build(t, members{"required_claims": []members{{"claim": "plan", "values": []string{"gold"}}}})
			order := []plugin.Handler{lax, strict, lax, strict}
			if strictFirst {
				order = []plugin.Handler{strict, lax, strict, lax}
			}
			token := goodToken()
			for i, h := range order {
				want := http.StatusOK
				if h == strict {
					want = http.StatusUnauthorized
				}
				if got := status(t, h, token); got != want {
					t.Errorf("strict first %v, request %d: status %d, want %d", strictFirst, i+1, got, want)
				}
			}
		})
	}
}

// Only a bad signature is remembered: what else is refused may become good.
func TestARefusalForWantOfAKeyIsNotRemembered(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, nil)
		token := mint(header(members{"kid": "k2", "alg": "ES256"}), goodClaims(nil), p256Key())
		if got := status(t, h, token); got != http.StatusUnauthorized {
			t.Fatalf("status %d before the key is there", got)
		}
		w.serve(jwks(jwk("k1", rsaKey(), nil), jwk("k2", p256Key(), nil)))
		time.Sleep(unknownFor)
		_ = status(t, h, token) // asks for the keys
		time.Sleep(2 * coolDown)
		if got := status(t, h, token); got != http.StatusOK {
			t.Errorf("status %d once the key is there", got)
		}
	})
}

// The bytes that the cache counts bound what it holds, whatever tokens are made of.
func TestTheCacheCountsWhatItHolds(t *testing.T) {
	flags, objects, names, texts := members{}, []members{}, []string{}, members{}
	var toHeaders []ClaimHeader
	for i := range 200 {
		flags[fmt.Sprint("flag-", i)] = true
		objects = append(objects, members{"id": i})
		names = append(names, fmt.Sprint("group-", i))
	}
	for i := range 10 {
		texts[fmt.Sprint("text-", i)] = strings.Repeat("ü", 100)
		toHeaders = append(toHeaders, ClaimHeader{Claim: fmt.Sprint("text-", i), Header: fmt.Sprint("X-Text-", i)})
	}
	for name, row := range map[string]struct {
		config func(*Config)
		claims members
		key    ed25519.PrivateKey
	}{
		"usual":                       {nil, nil, edKey()},
		"many members":                {nil, members{"flags": flags}, edKey()},
		"many objects":                {nil, members{"grants": objects}, edKey()},
		"long claims in headers":      {func(c *Config) { c.ClaimsToHeaders = toHeaders }, texts, edKey()},
		"many groups":                 {func(c *Config) { c.GroupsClaim = "groups" }, members{"groups": names}, edKey()},
		"claims for other plugins":    {func(c *Config) { c.SharedClaims = []string{"tier", "flags"} }, members{"flags": flags}, edKey()},
		"tokens with a bad signature": {nil, nil, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))},
	} {
		t.Run(name, func(t *testing.T) {
			const tokens = 200
			h, sets := rememberer(t, row.config)
			before := heap()
			for i := range tokens {
				h.authenticate(distinct(i, row.claims, row.key), sets, testNow)
			}
			held := heap() - before
			entries, counted := sizeOf(h.tokens)
			if entries != tokens {
				t.Fatalf("%d of %d tokens are remembered", entries, tokens)
			}
			if ratio := float64(held) / float64(counted); ratio > 1.15 || ratio < 0.5 {
				t.Errorf("%d tokens take %d bytes, and %d are counted: %.2f", tokens, held, counted, ratio)
			}
		})
	}
}

func TestAHundredThousandUsualTokensAreRemembered(t *testing.T) {
	h, sets := rememberer(t, nil)
	h.authenticate(distinct(1, nil, edKey()), sets, testNow)
	const tokens, spread = 100_000, 1.1 // shards are not filled alike
	if _, bytes := sizeOf(h.tokens); float64(bytes)*tokens*spread > maxVerifiedBytes || tokens*spread > maxVerified {
		t.Errorf("at %d bytes each they do not fit", bytes)
	}
}

// rememberer is a handler that takes tokens of edKey and remembers them, and its key sets.
func rememberer(t testing.TB, change func(*Config)) (*handler, []*keySet) {
	t.Helper()
	c := testConfig()
	setAlgorithms(&c, []string{"EdDSA"})
	c.TokenCacheSeconds, c.ConsumerClaims, c.ConsumerBy, c.UserIDClaim, c.LogSub = 300, []string{"client_id"}, byUsername, "sub", logSubHash
	if change != nil {
		change(&c)
	}
	h := &handler{config: c, policy: newPolicy(&c), identifier: newIdentifier(&c), tokens: newTokenCache[*judged](prometheus.NewRegistry())}
	return h, []*keySet{keysOf(t, jwk("k1", edKey(), nil)), nil}
}

// sizeOf is what both parts of a cache hold.
func sizeOf(c *tokenCache[*judged]) (entries, bytes int) {
	verified, verifiedBytes := c.verified.size()
	refused, refusedBytes := c.refused.size()
	return verified + refused, verifiedBytes + refusedBytes
}

// distinct is one of many tokens, as an issuer makes them: of one client, each of another user.
func distinct(i int, more members, key ed25519.PrivateKey) string {
	id := fmt.Sprintf("%08x-9c0b-4ef8-bb6d-6bb9bd380a11", i)
	return mint(header(members{"alg": "EdDSA"}), goodClaims(without(members{
		"sub": id, "jti": id, "scope": "orders:read orders:write", "exp": testNow.Unix() + 3600,
	}, more)), key)
}

// A key that was replaced under the same kid, or has none, is found within about a minute.
func TestAKeyReplacedUnderItsNameIsFound(t *testing.T) {
	for name, kid := range map[string]any{"one kid": "k1", "no kid": nil} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.serve(jwks(without(jwk("k1", rsaKey(), nil), members{"kid": kid})))
				h := w.build(t, nil)
				before := mint(header(members{"kid": kid}), goodClaims(members{"exp": testNow.Unix() + 3600}), rsaKey())
				after := mint(header(members{"kid": kid}), goodClaims(members{"exp": testNow.Unix() + 3600}), otherRSA())
				if got := status(t, h, before); got != http.StatusOK {
					t.Fatalf("status %d before", got)
				}
				w.serve(jwks(without(jwk("k1", otherRSA(), nil), members{"kid": kid})))
				fetches, refused := w.fetched(), 0
				for range 200 {
					if status(t, h, after) != http.StatusOK {
						refused++
					}
					time.Sleep(time.Second)
				}
				if refused > int(hintEvery/time.Second)+int(coolDown/time.Second) {
					t.Errorf("refused for %d s", refused)
				}
				for range 200 { // the old key's tokens go on
					_ = status(t, h, before)
					time.Sleep(time.Second)
				}
				if n := w.fetched() - fetches; n > 400/int(hintEvery/time.Second)+3 {
					t.Errorf("%d fetches in 400 s", n)
				}
			})
		})
	}
}

// Tokens that no key of the issuer's could make good do not have its keys fetched.
func TestOnlyARefusalThatNewKeysCouldTurnHasThemFetched(t *testing.T) {
	for name, row := range map[string]struct {
		token   string
		fetches bool
	}{
		"a good token":                            {mint(header(nil), goodClaims(members{"exp": testNow.Unix() + 3600}), rsaKey()), false},
		"a signature that does not fit":           {mint(header(nil), goodClaims(nil), otherRSA()), true},
		"an algorithm that the kid's key has not": {mint(header(members{"alg": "ES256"}), goodClaims(nil), p256Key()), true},
		"an algorithm that is not allowed":        {mint(header(members{"alg": "RS512"}), goodClaims(nil), rsaKey()), false},
		"an algorithm that nobody has":            {mint(header(members{"alg": "RS999"}), goodClaims(nil), rsaKey()), false},
		"another issuer":                          {mint(header(nil), goodClaims(members{"iss": "https://evil.test"}), rsaKey()), false},
		"another audience":                        {mint(header(nil), goodClaims(members{"aud": "x"}), rsaKey()), false},
		"no JWT":                                  {"a.b.c", false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				h := w.build(t, nil)
				_ = status(t, h, goodToken())
				time.Sleep(2 * hintEvery)
				before := w.fetched()
				_ = status(t, h, row.token)
				time.Sleep(time.Second)
				if got := w.fetched() > before; got != row.fetches {
					t.Errorf("fetched: %t", got)
				}
			})
		})
	}
}
