package integration

import (
	"net/http"
	"testing"

	"tollgate/test/issuer"
)

// TestAPluginOnAConsumerHasATierOfItsOwn has Kong choose the plugin once the consumer is known, by a token or by a key.
// It stands before the service's, and its day of three is one for both routes.
func TestAPluginOnAConsumerHasATierOfItsOwn(t *testing.T) {
	forget(t)
	const byToken, byKey = "/limited/token", "/limited/key"
	credentials := map[string]string{byToken: bearer(t, issuer.Token{Client: "own-tier-app"}), byKey: keyOf("own-tier-app")}
	answers := tally{}
	for _, row := range []struct {
		name, path string
		status     int
		left       int
	}{
		{"the first, with a token", byToken, http.StatusOK, 2},
		{"the second, with a key", byKey, http.StatusOK, 1},
		{"the third, with a token", byToken, http.StatusOK, 0},
		{"one too many, with a token", byToken, http.StatusTooManyRequests, 0},
		{"one too many, with a key", byKey, http.StatusTooManyRequests, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := get(t, row.path, credentials[row.path])
			answers[r.status]++
			r.is(t, row.status)
			if limit := r.headers.Get("X-RateLimit-Limit-Second"); limit != "77" || r.remaining(t, "Day") != row.left {
				t.Errorf("a limit of %s, want 77; %d are left of the day, want %d", limit, r.remaining(t, "Day"), row.left)
			}
		})
	}
	// The consumer's tag says premium, and so does this one's, who has no plugin.
	r := get(t, byToken, bearer(t, issuer.Token{Client: "premium-app"}))
	if r.is(t, http.StatusOK); r.headers.Get("X-RateLimit-Limit-Second") != "100" {
		t.Errorf("another consumer: headers %v", r.headers)
	}
	shared.stress.held(t, "a tiered-limit of the consumer's own after jwks-verify and key-auth, three a day",
		"its tier in place of the service's; 3 admitted in all", answers.String())
}
