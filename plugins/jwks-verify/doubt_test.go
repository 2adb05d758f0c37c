package jwksverify

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tollgate/internal/plugin"
)

// statusOf sends a token with a kid, signed by rsaKey. It returns 0 for one that passes.
func statusOf(t *testing.T, h plugin.Handler, kid string) int {
	t.Helper()
	out := request(mint(header(members{"kid": kid}), goodClaims(members{"exp": testNow.Unix() + 1e6}), rsaKey()), nil).Run(t, h)
	if out.Exit == nil {
		return 0
	}
	retry, challenge := out.Exit.Headers["Retry-After"], out.Exit.Headers["WWW-Authenticate"]
	if out.Exit.Status == 503 && (!slices.Equal(retry, []string{"5"}) || challenge != nil) || out.Exit.Status == 401 && challenge == nil {
		t.Errorf("status %d with headers %v", out.Exit.Status, out.Exit.Headers)
	}
	return out.Exit.Status
}

// TestAnUnknownKid tells what a token with another kid than the set has comes to, and that one with a known
// kid passes whatever becomes of the other.
func TestAnUnknownKid(t *testing.T) {
	rotated := jwks(jwk("k1", rsaKey(), nil), jwk("k2", rsaKey(), nil))
	for name, row := range map[string]struct {
		config members
		steps  func(t *testing.T, w *world, send func(kid string) int)
		want   int
	}{
		"while the provider is well": {nil, func(*testing.T, *world, func(string) int) {}, 401},
		"during a cool-down": {nil, func(_ *testing.T, _ *world, send func(string) int) {
			send("x")
			time.Sleep(time.Second)
		}, 401},
		"that was looked for a while ago": {nil, func(_ *testing.T, _ *world, send func(string) int) {
			send("k2")
			time.Sleep(unknownFor - time.Second)
		}, 401},
		"that was published":                       {nil, func(_ *testing.T, w *world, _ func(string) int) { w.serve(rotated) }, 0},
		"while the provider is down":               {nil, func(_ *testing.T, w *world, _ func(string) int) { w.serve(nil) }, 503},
		"while the provider hangs":                 {nil, func(_ *testing.T, w *world, _ func(string) int) { w.hang() }, 503},
		"while the provider serves something else": {nil, func(_ *testing.T, w *world, _ func(string) int) { w.serve([]byte("<html>")) }, 503},
		"during a cool-down of a provider that is down": {nil, func(_ *testing.T, w *world, send func(string) int) {
			w.serve(nil)
			send("x")
			time.Sleep(100 * time.Millisecond)
		}, 503},
		"that was looked for before the provider went down": {nil, func(_ *testing.T, w *world, send func(string) int) {
			send("k2")
			w.serve(nil)
			time.Sleep(coolDown)
			send("x")
		}, 503},
		"after the provider's recovery, without its key": {nil, func(_ *testing.T, w *world, send func(string) int) {
			body := w.body
			w.serve(nil)
			send("k2")
			w.serve(body)
			time.Sleep(2 * coolDown)
		}, 401},
		"after the provider's recovery, with its key": {nil, func(_ *testing.T, w *world, send func(string) int) {
			w.serve(nil)
			send("k2")
			w.serve(rotated)
			time.Sleep(2 * coolDown)
		}, 0},
		"where nobody waits, before the set was fetched anew": {members{"jwks_wait_ms": 0}, func(*testing.T, *world, func(string) int) {}, 503},
		"where nobody waits, after that": {members{"jwks_wait_ms": 0}, func(_ *testing.T, _ *world, send func(string) int) {
			send("k2")
			time.Sleep(time.Second)
		}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				h := w.build(t, row.config)
				send := func(kid string) int { return statusOf(t, h, kid) }
				time.Sleep(time.Minute)
				row.steps(t, w, send)
				if got := send("k2"); got != row.want {
					t.Errorf("status %d, want %d", got, row.want)
				}
				reason := map[int]string{0: "ok", 401: "kid_unknown", 503: "keys_unavailable"}[row.want]
				if w.counted(t, "tollgate_jwks_verify_total", reason) == 0 {
					t.Errorf("the metric does not count %s", reason)
				}
				if got := send("k1"); got != 0 {
					t.Errorf("a good token is answered by %d", got)
				}
			})
		})
	}
}

// Random kids while the provider is away turn no good answer, and no answer to another bad token.
func TestAFloodOfUnknownKidsWhileTheProviderIsDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.build(t, members{"jwks_wait_ms": 0})
		time.Sleep(time.Second)
		w.serve(nil)
		statusOf(t, h, "the first")
		time.Sleep(time.Second) // the failure that it causes
		for i := range 200 {
			if got := statusOf(t, h, fmt.Sprint("random-", i)); got != 503 {
				t.Fatalf("request %d got %d", i, got)
			}
			if got := statusOf(t, h, "k1"); got != 0 {
				t.Fatalf("a good token is answered by %d", got)
			}
			time.Sleep(100 * time.Millisecond)
		}
		out := request(mint(header(nil), goodClaims(nil), otherRSA()), nil).Run(t, h)
		if out.Exit == nil || out.Exit.Status != 401 {
			t.Error("a token with a bad signature is not answered by 401")
		}
	})
}
