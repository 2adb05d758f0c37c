package jwksverify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/internal/kongtest"
	"tollgate/internal/plugin"
)

// heard is what a request was told, and what the logs were.
type heard struct {
	status         int // 0 for one that passes
	reason, detail string
}

// hear sends a token with a kid, signed by rsaKey.
func hear(t *testing.T, h plugin.Handler, kid string) heard {
	t.Helper()
	out := request(mint(header(members{"kid": kid}), goodClaims(members{"exp": testNow.Unix() + 1e6}), rsaKey()), nil).Run(t, h)
	member, _ := out.LogMembers["tollgate.jwks_verify"].(map[string]any)
	got := heard{reason: fmt.Sprint(member["reason"])}
	if out.Exit == nil {
		return got
	}
	got.status, got.detail = out.Exit.Status, lineOf(out)
	retry, challenge := out.Exit.Headers["Retry-After"], out.Exit.Headers["WWW-Authenticate"]
	if out.Exit.Status == 503 && (!slices.Equal(retry, []string{"5"}) || challenge != nil) || out.Exit.Status == 401 && (challenge == nil || retry != nil) {
		t.Errorf("status %d with headers %v", out.Exit.Status, out.Exit.Headers)
	}
	return got
}

func lineOf(out kongtest.Outcome) string {
	if len(out.Logs) != 1 {
		return fmt.Sprint(out.Logs)
	}
	return out.Logs[0].Text
}

// statusOf sends a token with a kid, signed by rsaKey. It returns 0 for one that passes.
func statusOf(t *testing.T, h plugin.Handler, kid string) int {
	t.Helper()
	return hear(t, h, kid).status
}

// The four things that a token with a kid that the set lacks can come to.
var (
	passes     = heard{0, "ok", ""}
	refused    = heard{401, "kid_unknown", "the issuer's key set lacks the kid"}
	notYet     = heard{503, "kid_unknown", "was not looked through for yet"}
	outOfReach = heard{503, "keys_unavailable", "cannot be had at the moment"}
)

// doubtRow is a story that ends with a request for k2.
type doubtRow struct {
	config members
	steps  func(t *testing.T, w *world, h plugin.Handler)
	want   heard
}

func rotate(w *world) { w.serve(jwks(jwk("k1", rsaKey(), nil), jwk("k2", rsaKey(), nil))) }

func doubtRows() map[string]doubtRow {
	nobodyWaits, eachWaitsLong := members{"jwks_wait_ms": 0}, members{"jwks_wait_ms": 6000}
	nothing := func(*testing.T, *world, plugin.Handler) {}
	rotates := func(_ *testing.T, w *world, _ plugin.Handler) { rotate(w) }
	coolsDown := func(t *testing.T, w *world, h plugin.Handler) {
		statusOf(t, h, "random")
		time.Sleep(time.Second)
		rotate(w)
	}
	return map[string]doubtRow{
		"a kid that is nobody's":                {nil, nothing, refused},
		"during a cool-down that another began": {nil, func(t *testing.T, _ *world, h plugin.Handler) { statusOf(t, h, "random") }, notYet},
		"a rotation":                            {nil, rotates, passes},
		"a rotation inside a cool-down":         {nil, coolsDown, notYet},
		"a rotation inside a cool-down, and a second try": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			coolsDown(t, w, h)
			statusOf(t, h, "k2")
			time.Sleep(coolDown)
		}, passes},
		"a rotation inside a cool-down that a request may wait for": {eachWaitsLong, coolsDown, passes},
		"a kid that was looked for a while ago": {nil, func(t *testing.T, _ *world, h plugin.Handler) {
			statusOf(t, h, "k2")
			time.Sleep(unknownFor - time.Second)
		}, refused},
		"while the provider is down":               {nil, func(_ *testing.T, w *world, _ plugin.Handler) { w.serve(nil) }, outOfReach},
		"while the provider serves something else": {nil, func(_ *testing.T, w *world, _ plugin.Handler) { w.serve([]byte("<html>")) }, outOfReach},
		"while the provider hangs":                 {nil, func(_ *testing.T, w *world, _ plugin.Handler) { w.hang() }, notYet},
		"while the provider hangs, after the fetch has given up": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			w.hang()
			statusOf(t, h, "k2")
			time.Sleep(5 * time.Second) // jwks_timeout_ms
		}, outOfReach},
		"during a cool-down of a provider that is down": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			w.serve(nil)
			statusOf(t, h, "random")
			time.Sleep(100 * time.Millisecond)
		}, outOfReach},
		"that was looked for before the provider went down": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			statusOf(t, h, "k2")
			w.serve(nil)
			time.Sleep(coolDown)
			statusOf(t, h, "random")
		}, outOfReach},
		"after the provider's recovery, without its key": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			body := w.body
			w.serve(nil)
			statusOf(t, h, "k2")
			w.serve(body)
			time.Sleep(2 * coolDown)
		}, refused},
		"after the provider's recovery, with its key": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			w.serve(nil)
			statusOf(t, h, "k2")
			rotate(w)
			time.Sleep(2 * coolDown)
		}, passes},
		"where nobody waits":                {nobodyWaits, nothing, notYet},
		"where nobody waits, at a rotation": {nobodyWaits, rotates, notYet},
		"where nobody waits, at a rotation, and a second try": {nobodyWaits, func(t *testing.T, w *world, h plugin.Handler) {
			rotate(w)
			statusOf(t, h, "k2")
			time.Sleep(time.Second)
		}, passes},
		"where nobody waits, and a second try": {nobodyWaits, func(t *testing.T, _ *world, h plugin.Handler) {
			statusOf(t, h, "k2")
			time.Sleep(time.Second)
		}, refused},
		"a rotation while as many wait as may": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			rotate(w)
			waitingRoom(t, h, maxWaiting)
		}, notYet},
		"a rotation while one less waits": {nil, func(t *testing.T, w *world, h plugin.Handler) {
			rotate(w)
			waitingRoom(t, h, maxWaiting-1)
		}, passes},
		"a rotation during a fetch that took off before it": {nil, refreshUnderWay, passes},
		"where nobody waits for longer than that fetch":     {members{"jwks_wait_ms": 10}, refreshUnderWay, notYet},
	}
}

// waitingRoom has as many wait, for good.
func waitingRoom(t *testing.T, h plugin.Handler, n int) {
	t.Helper()
	d := h.(*handler).keys[0].remote.demand
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = n
}

// refreshUnderWay rotates while a regular fetch is under way, a moment before that lands.
func refreshUnderWay(t *testing.T, w *world, _ plugin.Handler) {
	time.Sleep(20 * time.Second)
	w.build(t, members{"jwks_refresh_seconds": 10}) // is due at once
	time.Sleep(19 * time.Millisecond)               // of 20
	rotate(w)
}

// TestAnUnknownKid tells what a token with another kid than the set has comes to, however fresh the set is, and
// that one with a known kid passes whatever becomes of the other.
func TestAnUnknownKid(t *testing.T) {
	for name, row := range doubtRows() {
		for _, rest := range []time.Duration{time.Second, time.Minute} {
			t.Run(fmt.Sprintf("%s, %s after the first fetch", name, rest), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					h := w.build(t, row.config)
					time.Sleep(rest)
					row.steps(t, w, h)
					got := hear(t, h, "k2")
					if got.status != row.want.status || got.reason != row.want.reason || !strings.Contains(got.detail, row.want.detail) {
						t.Errorf("got %+v, want %+v", got, row.want)
					}
					if w.counted(t, "tollgate_jwks_verify_total", row.want.reason) == 0 {
						t.Errorf("the metric does not count %s", row.want.reason)
					}
					if got := statusOf(t, h, "k1"); got != 0 {
						t.Errorf("a good token is answered by %d", got)
					}
				})
			})
		}
	}
}

// TestARotationBesideRandomKids has an attacker bring ten random kids a second, and the provider rotate at any
// time of a cool-down: no good token is called invalid, and the attack does not look like an outage.
func TestARotationBesideRandomKids(t *testing.T) {
	for _, tenth := range []int{0, 3, 6, 9} {
		t.Run(fmt.Sprintf("at %d/10 of a cool-down", tenth), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				h := w.build(t, members{"jwks_wait_ms": 0})
				time.Sleep(time.Second)
				attacked := func(lasts time.Duration) {
					for i := range int(lasts / (100 * time.Millisecond)) {
						if got := hear(t, h, fmt.Sprint("random-", tenth, i, time.Now())); got.reason != "kid_unknown" {
							t.Fatalf("a random kid came to %+v", got)
						}
						time.Sleep(100 * time.Millisecond)
					}
				}
				attacked(2*coolDown + time.Duration(tenth)*coolDown/10)
				rotate(w)
				for start := time.Now(); ; attacked(100 * time.Millisecond) {
					got := hear(t, h, "k2")
					if got == passes {
						break
					}
					if got.status != notYet.status || got.reason != notYet.reason || time.Since(start) > coolDown+time.Second {
						t.Fatalf("a good token came to %+v %s after the rotation", got, time.Since(start))
					}
				}
				if n := w.counted(t, "tollgate_jwks_verify_total", "keys_unavailable"); n != 0 {
					t.Errorf("%v answers look like an outage", n)
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
			if got := hear(t, h, fmt.Sprint("random-", i)); got.status != 503 || got.reason != "keys_unavailable" {
				t.Fatalf("request %d came to %+v", i, got)
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
