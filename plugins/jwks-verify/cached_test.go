package jwksverify

import (
	"fmt"
	"net/http"
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
		time.Sleep(2 * coolDown)
		_ = status(t, h, token) // asks for the keys
		time.Sleep(2 * coolDown)
		if got := status(t, h, token); got != http.StatusOK {
			t.Errorf("status %d once the key is there", got)
		}
	})
}

// The bytes that the cache counts bound what it holds, whatever a token's claims are made of.
func TestTheCacheCountsWhatItHolds(t *testing.T) {
	flags, objects := members{}, []members{}
	for i := range 200 {
		flags[fmt.Sprint("flag-", i)] = true
		objects = append(objects, members{"id": i})
	}
	for name, more := range map[string]members{"usual": nil, "many members": {"flags": flags}, "many objects": {"grants": objects}} {
		t.Run(name, func(t *testing.T) {
			const tokens = 400
			remembered := newTokenCache[*judged](prometheus.NewRegistry())
			c := Config{Issuers: []Issuer{{Issuer: testIssuer}, {}}, ConsumerClaims: []string{"client_id"}, LogSub: "hash"}
			h := &handler{config: c, policy: testPolicy(), identifier: newIdentifier(&c)}
			token := mint(header(nil), goodClaims(more), rsaKey())
			sets := []*keySet{keysOf(t, jwk("k1", rsaKey(), nil)), nil}
			before := heap()
			for i := range tokens {
				j := h.verify(token, sets)
				if j.refused != nil {
					t.Fatal(j.refused)
				}
				remembered.putVerified(keyOf(i), j, len(token)+weight(j.found.claims), moment(0), moment(300), time.Hour)
			}
			held := heap() - before
			_, counted := remembered.verified.size()
			if ratio := float64(held) / float64(counted); ratio > 1.3 || ratio < 0.2 {
				t.Errorf("%d tokens take %d bytes, and %d are counted: %.2f", tokens, held, counted, ratio)
			}
		})
	}
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
