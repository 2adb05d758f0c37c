package integration

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
)

// statuses sends requests one after the other and returns their statuses.
func statuses(t *testing.T, requests [][2]string) []int {
	t.Helper()
	var out []int
	for _, r := range requests {
		out = append(out, get(t, r[0], r[1]).status)
	}
	return out
}

// TestWhatIsCountedApart uses tiers of two requests a day.
func TestWhatIsCountedApart(t *testing.T) {
	forget(t)
	one, again := keyOf("two-keys-app"), keyOf("two-keys-app-again")
	for _, row := range []struct {
		name     string
		requests [][2]string
		want     []int
	}{
		{"the keys of one consumer", [][2]string{
			{"/variants/credential", one}, {"/variants/credential", one}, {"/variants/credential", one}, {"/variants/credential", again}},
			[]int{200, 200, 429, 200}},
		{"not the consumers of one address", [][2]string{
			{"/variants/ip", one}, {"/variants/ip", keyOf("free-app")}, {"/variants/ip", keyOf("premium-app")}},
			[]int{200, 200, 429}},
		{"the routes of one service", [][2]string{
			{"/scoped/one", "X-None: 1"}, {"/scoped/one", "X-None: 1"}, {"/scoped/one", "X-None: 1"}, {"/scoped/two", "X-None: 1"}},
			[]int{200, 200, 429, 200}},
		{"services, with one count for all their routes", [][2]string{
			{"/each/one/a", "X-None: 1"}, {"/each/one/b", "X-None: 1"}, {"/each/one/a", "X-None: 1"}, {"/each/two", "X-None: 1"}},
			[]int{200, 200, 429, 200}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, statuses(t, row.requests)); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestsThatComeFromNoConsumer(t *testing.T) {
	r := get(t, "/variants/reject")
	r.is(t, http.StatusForbidden)
	if p := r.problem(t); p.RequestID != r.id() {
		t.Errorf("body %s", r.body)
	}
	for range 3 {
		r := get(t, "/variants/skip")
		r.is(t, http.StatusOK)
		if got := r.headers.Get("X-RateLimit-Limit-Day"); got != "" {
			t.Errorf("nobody was counted, and the answer claims a limit of %s", got)
		}
	}
}

func TestADryRunRejectsNothingAndTells(t *testing.T) {
	forget(t)
	for i, want := range []string{"admitted", "admitted", "rejected; daily"} {
		r := get(t, "/variants/dry-run", "X-Tollgate-Dry-Run: forged")
		r.is(t, http.StatusOK)
		if diff := cmp.Diff([]string{want}, r.upstream(t).Headers["X-Tollgate-Dry-Run"]); diff != "" {
			t.Errorf("request %d: what the upstream is told (-want +got):\n%s", i+1, diff)
		}
		if i == 2 {
			member := accessLog(t, r).tollgate("tiered_limit")
			if member["decision"] != "rejected" || member["dry_run"] != true || member["quota_remaining"] != 0.0 {
				t.Errorf("tollgate.tiered_limit: %v", member)
			}
		}
	}
}

func TestBothFamiliesOfHeaders(t *testing.T) {
	forget(t)
	r := get(t, "/variants/headers")
	r.is(t, http.StatusOK)
	if got := r.headers.Get("RateLimit-Policy"); got != `"tps";q=9;w=1, "daily";q=2;w=86400` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	state := regexp.MustCompile(`^"tps";t=1;r=8, "daily";t=([0-9]{1,5});r=1$`)
	if got := r.headers.Get("RateLimit"); !state.MatchString(got) {
		t.Errorf("RateLimit: %s", got)
	}
	if got := r.headers.Get("X-RateLimit-Remaining-Day"); got != "1" {
		t.Errorf("X-RateLimit-Remaining-Day: %s", got)
	}
}

func TestTheAnswerIsAsConfigured(t *testing.T) {
	forget(t)
	first := get(t, "/variants/answer")
	first.is(t, http.StatusOK)
	if member := accessLog(t, first).tollgate("tiered_limit"); member["decision"] != "admitted" || member["store"] != "redis" {
		t.Errorf("tollgate.tiered_limit: %v", member)
	}
	get(t, "/variants/answer").is(t, http.StatusOK)
	r := get(t, "/variants/answer")
	r.is(t, http.StatusServiceUnavailable)
	if p := r.problem(t); p.Detail != "Come back tomorrow." || cmp.Diff([]string{"daily"}, p.ViolatedPolicies) != "" {
		t.Errorf("body %s", r.body)
	}
	if got := r.headers.Get("X-RateLimit-Limit-Day"); got != "" {
		t.Errorf("X-RateLimit-Limit-Day: %s", got)
	}
	wait, _ := strconv.Atoi(r.headers.Get("Retry-After"))
	if until := dayEnds(t); wait < until-5 || wait > until+105 {
		t.Errorf("Retry-After %d s; the day ends in %d s, and the jitter is at most 100 s", wait, until)
	}
}

func TestAClaimNamesTheTier(t *testing.T) {
	for tier, want := range map[string]string{"gold": "90", "free": "20", "none of them": "20"} {
		r := get(t, "/variants/claim", bearer(t, issuer.Token{Client: "free-app", Claims: map[string]any{"tier": tier}}))
		r.is(t, http.StatusOK)
		if got := r.headers.Get("X-RateLimit-Limit-Second"); got != want {
			t.Errorf("the claim %q: a limit of %s, want %s", tier, got, want)
		}
	}
	logHas(t, shared.ErrorLog(), "[warn]", "none of them")
}

func TestAQuotaThatIsNearlyUsedUpIsToldOnce(t *testing.T) {
	forget(t)
	first := []string{"[warn]", `consumer "trial-app"`, "80 % of its day: 4 of 5 requests, tier trial"}
	last := []string{"[warn]", `consumer "trial-app"`, "95 % of its day: 5 of 5 requests, tier trial"}
	firsts, lasts := linesWith(t, shared.ErrorLog(), first...), linesWith(t, shared.ErrorLog(), last...)
	for range 8 { // of five a day
		get(t, "/limited/key", keyOf("trial-app"))
	}
	eventually.Holds(t, 5*time.Second, "the last warning", func() bool { return linesWith(t, shared.ErrorLog(), last...) == lasts+1 })
	if n := linesWith(t, shared.ErrorLog(), first...) - firsts; n != 1 {
		t.Errorf("the first warning is told %d times", n)
	}
}
