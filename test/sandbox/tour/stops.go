package tour

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// stops are the points of the tour, in their order. The clients standard-app, free-app, premium-app and
// trial-app each serve one purpose, so that none uses up what another one needs.
func stops() []stop {
	return []stop{
		{"A header that the load balancer stripped", strippedHeader},
		{"A header that the load balancer blanked", blankHeader},
		{"A stripped API key: the guard says so, where key-auth would say 401", strippedKey},
		{"The same rules in audit mode: reported, not refused", audited},
		{"No token", noToken},
		{"A good token", goodToken},
		{"A good token, and a client that says it is someone else", forgedIdentity},
		{"A token that has expired", expiredToken},
		{"A token for another audience", wrongAudience},
		{"A token of a new key, right after the issuer rotated", rotatedKey},
		{"Free: 30 at once, where 20 a second are allowed", freeBurst},
		{"Premium: 130 at once, where 100 a second are allowed", premiumBurst},
		{"Trial: a sixth request, where 5 a day are allowed", smallQuota},
	}
}

func tenant() header { return header{"X-Tenant-Id", "acme"} }

func apiKey(key string) header { return header{"apikey", key} }

// standard is the client of the stops on tokens.
func standard() issuer.Token { return issuer.Token{Client: "standard-app"} }

func strippedHeader(w *walk) {
	r := w.get("/ping-api", w.token(standard()))
	w.expect(r.status == http.StatusBadRequest, "400 from header-guard, before anybody looks at the token")
	w.expect(r.blames("x-tenant-id", "missing"), "the answer names the header")
}

func blankHeader(w *walk) {
	r := w.get("/ping-api", header{"X-Tenant-Id", ""}, w.token(standard()))
	w.expect(r.status == http.StatusBadRequest && r.blames("x-tenant-id", "blank"),
		"400: what a BIG-IP overwrites with spaces comes without a value")
}

func strippedKey(w *walk) {
	r := w.get("/keys")
	w.expect(r.status == http.StatusBadRequest && r.blames("apikey", "missing"), "400, and the header's name")
}

func audited(w *walk) {
	r := w.get("/audit")
	w.expect(r.status == http.StatusOK, "200: the log and the metrics know of it, the client does not")
}

func noToken(w *walk) {
	r := w.get("/ping-api", tenant())
	challenge := r.headers.Get("WWW-Authenticate")
	w.expect(r.status == http.StatusUnauthorized && strings.HasPrefix(challenge, "Bearer ") && !strings.Contains(challenge, "error"),
		"401 with a challenge that has no error code (RFC 6750, section 3.1)")
}

func goodToken(w *walk) {
	r := w.get("/ping-api", tenant(), w.token(standard()))
	seen := r.upstream().Headers
	w.out.upstream(seen)
	w.expect(r.status == http.StatusOK, "200")
	w.expect(strings.Join(seen["X-Consumer-Username"], "|") == "standard-app", "client_id was a consumer's username: the upstream was told the consumer")
	w.expect(r.headers.Get("X-RateLimit-Limit-Second") == "60", "the consumer's tag tier:standard gave it 60 a second")
}

func forgedIdentity(w *walk) {
	r := w.get("/ping-api", tenant(), w.token(standard()), header{"X-Consumer-Username", "admin"}, header{"X-Credential-Identifier", "admin"})
	w.expect(r.status == http.StatusBadRequest, "400: only the gateway says who somebody is")
	w.expect(r.blames("x-consumer-username", "spoofed") && r.blames("x-credential-identifier", "spoofed"), "the answer names the headers")
}

func expiredToken(w *walk) {
	old := standard()
	old.ExpiresIn = -time.Minute
	r := w.get("/ping-api", tenant(), w.token(old))
	w.expect(r.status == http.StatusUnauthorized && strings.Contains(r.headers.Get("WWW-Authenticate"), "expired"), "401, and the challenge says that it expired")
}

func wrongAudience(w *walk) {
	other := standard()
	other.Audience = []string{"https://payments.example.com"}
	r := w.get("/ping-api", tenant(), w.token(other))
	w.expect(r.status == http.StatusUnauthorized && strings.Contains(r.headers.Get("WWW-Authenticate"), "invalid_token"), "401 invalid_token")
	w.expect(!strings.Contains(string(r.body), sandbox.Audience), "the answer does not tell which audience it should be")
}

func rotatedKey(w *walk) {
	before := w.token(standard())
	w.rotate()
	r := w.get("/ping-api", tenant(), w.token(standard()))
	w.expect(r.status == http.StatusOK, "200 at once: a kid that is not known makes the plugin fetch the keys")
	r = w.get("/ping-api", tenant(), before)
	w.expect(r.status == http.StatusOK, "200: the key before stays good while the issuer publishes it")
}

func (w *walk) rotate() {
	url := w.place.Issuer + "/rotate"
	r := w.send(http.MethodPost, url, nil)
	if w.err == nil {
		w.out.request(http.MethodPost, url, nil)
		w.out.reply(r)
	}
}

func freeBurst(w *walk) { w.expectRate(w.burst(30, "/keys", apiKey(sandbox.KeyFree)), 20) }

func premiumBurst(w *walk) { w.expectRate(w.burst(130, "/keys", apiKey(sandbox.KeyPremium)), 100) }

func smallQuota(w *walk) {
	const quota = 5
	b := w.burst(quota, "/keys", apiKey(sandbox.KeyTrial))
	w.expect(b.admitted == quota, "%d were admitted", b.admitted)
	r := w.get("/keys", apiKey(sandbox.KeyTrial))
	w.expect(r.status == http.StatusTooManyRequests, "429: the day's quota is used up")
	w.expect(slices.Contains(r.problem().ViolatedPolicies, "daily"), "the answer names the policy: daily")
	now := time.Now().UTC()
	left := int(time.Until(now.Truncate(24 * time.Hour).Add(24 * time.Hour)).Seconds())
	w.expect(retryAfter(r)-left <= 2 && left-retryAfter(r) <= 2, "Retry-After is %d s, until the day ends in UTC", retryAfter(r))
}
