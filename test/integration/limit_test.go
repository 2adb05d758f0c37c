package integration

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// forget empties the shared gateway's Redis, and waits until the gateway has noticed that nobody is exhausted any more: a
// test that judges counts does not begin with those of others, nor with its own of an earlier run (go test -count).
func forget(t *testing.T) {
	t.Helper()
	client := redis.NewClient(&redis.Options{
		Addr: net.JoinHostPort(shared.Redis.Host, shared.Redis.Port), Password: sandbox.RedisPassword,
	})
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	eventually.Holds(t, 5*time.Second, "the gateway to forget whom it refused", func() bool { return remembersNoDenial(t) })
}

// remembersNoDenial looks at the metric of each Redis.
func remembersNoDenial(t *testing.T) bool {
	t.Helper()
	metrics, err := send(shared.StatusURL + "/metrics")
	if err != nil || !strings.Contains(string(metrics.body), "tollgate_build_info") {
		t.Fatalf("no metrics: %v, %s", err, metrics.body)
	}
	for line := range strings.Lines(string(metrics.body)) {
		if strings.HasPrefix(line, "tollgate_tiered_limit_denials{") && !strings.HasSuffix(line, " 0\n") {
			return false
		}
	}
	return true
}

// remaining is what an answer says is left of a window, "Second" or "Day".
func (r reply) remaining(t *testing.T, window string) int {
	t.Helper()
	n, err := strconv.Atoi(r.headers.Get("X-RateLimit-Remaining-" + window))
	if err != nil {
		t.Fatalf("status %d, headers %v: %v", r.status, r.headers, err)
	}
	return n
}

func TestAnyRollingSecondHasNoMoreThanTheTierAllows(t *testing.T) {
	for _, row := range []struct {
		consumer    string
		limit, sent int
	}{{"free-burst", 20, 60}, {"premium-burst", 100, 200}} {
		t.Run(row.consumer, func(t *testing.T) {
			forget(t)
			byStatus, took := burst(t, row.sent, "/limited/key", keyOf(row.consumer))
			checkRate(t, byStatus, took, row.limit)
			if len(byStatus[429]) == 0 {
				t.Fatalf("none of %d was limited", row.sent)
			}
			checkSecondExceeded(t, byStatus[429][0], row.limit)
		})
	}
}

func checkSecondExceeded(t *testing.T, r reply, limit int) {
	t.Helper()
	p := r.problem(t)
	if p.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" || cmp.Diff([]string{"tps"}, p.ViolatedPolicies) != "" {
		t.Errorf("body %s", r.body)
	}
	for name, want := range map[string]string{
		"Retry-After": "1", "X-RateLimit-Limit-Second": strconv.Itoa(limit), "X-RateLimit-Remaining-Second": "0",
		"RateLimit-Limit": strconv.Itoa(limit), "RateLimit-Remaining": "0", "RateLimit-Reset": "1",
	} {
		if got := r.headers.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	member := accessLog(t, r).tollgate("tiered_limit")
	store := member["store"] // memory where the node knew it already
	if member["decision"] != "rejected" || store != "redis" && store != "memory" || member["remaining"] != 0.0 || member["limit"] != float64(limit) {
		t.Errorf("tollgate.tiered_limit: %v", member)
	}
}

func TestAdmittedResponsesCarryKongsHeaders(t *testing.T) {
	forget(t)
	r := get(t, "/limited/key", keyOf("free-headers"))
	r.is(t, http.StatusOK)
	for name, want := range map[string]string{
		"X-RateLimit-Limit-Second": "20", "X-RateLimit-Remaining-Second": "19",
		"X-RateLimit-Limit-Day": "50000", "X-RateLimit-Remaining-Day": "49999",
		"RateLimit-Limit": "20", "RateLimit-Remaining": "19", "RateLimit-Reset": "1", "Retry-After": "",
	} {
		if got := r.headers.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestTheTierIsChosenByTheConsumersTags(t *testing.T) {
	forget(t)
	for _, row := range []struct{ name, header, path, second, day string }{
		{"a tag", keyOf("premium-app"), "/limited/key", "100", "1000000"},
		{"no tag: the default", keyOf("untagged-app"), "/limited/key", "20", "50000"},
		{"several tags: the tier that stands last", keyOf("two-tiers-app"), "/limited/key", "100", "1000000"},
		{"a tag that names no tier: the default", keyOf("unknown-tier-app"), "/limited/key", "20", "50000"},
		{"a tag with another prefix: the default", keyOf("other-prefix-app"), "/limited/key", "20", "50000"},
		{"a tier without limits: no headers", keyOf("unlimited-app"), "/limited/key", "", ""},
		{"no consumer: the default", "X-None: 1", "/limited/anonymous", "20", "50000"},
		{"a consumer that a token names", bearer(t, issuer.Token{Client: "premium-app"}), "/limited/token", "100", "1000000"},
		{"a token that names none: the default", bearer(t, issuer.Token{Client: "nobodys-app"}), "/limited/token", "20", "50000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := get(t, row.path, row.header)
			r.is(t, http.StatusOK)
			second, day := r.headers.Get("X-RateLimit-Limit-Second"), r.headers.Get("X-RateLimit-Limit-Day")
			if second != row.second || day != row.day {
				t.Errorf("limits %q a second and %q a day, want %q and %q", second, day, row.second, row.day)
			}
		})
	}
	logHas(t, shared.ErrorLog(), "[warn]", "platinum")
}

// burstWithinASecond repeats a burst, with the counts forgotten, that a busy machine has drawn out: it
// says nothing about a second.
func burstWithinASecond(t *testing.T, n int, path string, headers ...string) (byStatus map[int][]reply) {
	t.Helper()
	const attempts = 5
	for range attempts {
		forget(t)
		byStatus, took := burst(t, n, path, headers...)
		if took < time.Second {
			return byStatus
		}
	}
	t.Fatalf("none of %d bursts was done within a second", attempts)
	return nil
}

// TestTheSecondAndTheDayAreBothDebitedOrNeither uses a tier of 3 a second and 6 a day.
func TestTheSecondAndTheDayAreBothDebitedOrNeither(t *testing.T) {
	byStatus := burstWithinASecond(t, 20, "/limited/key", keyOf("tiny-app"))
	if n := len(byStatus[200]); n != 3 {
		t.Fatalf("%d were admitted", n)
	}
	for _, r := range byStatus[429] {
		if left := r.remaining(t, "Day"); left < 3 {
			t.Fatalf("a rejected request left %d of the day", left)
		}
	}
	// Asking again and again, too early, costs nothing either.
	var r reply
	eventually.Holds(t, 3*time.Second, "the next second", func() bool {
		r = get(t, "/limited/key", keyOf("tiny-app"))
		return r.status == http.StatusOK
	})
	if left := r.remaining(t, "Day"); left != 2 {
		t.Errorf("four were admitted, and %d of the day's six remain", left)
	}
}

func TestADayThatIsUsedUpLeavesTheSecondAlone(t *testing.T) {
	forget(t)
	admitted := 0
	var r reply
	eventually.Holds(t, 10*time.Second, "the day's quota to be used up", func() bool {
		if r = get(t, "/limited/key", keyOf("tiny-day")); r.status == http.StatusOK {
			admitted++
		}
		return r.remaining(t, "Day") == 0 && r.status == http.StatusTooManyRequests
	})
	if admitted != 6 {
		t.Errorf("%d were admitted, and the day has six", admitted)
	}
	eventually.Holds(t, 3*time.Second, "the second to be as if nothing had come", func() bool {
		r = get(t, "/limited/key", keyOf("tiny-day"))
		return r.remaining(t, "Second") == 3
	})
	if p := r.problem(t); cmp.Diff([]string{"daily"}, p.ViolatedPolicies) != "" {
		t.Errorf("body %s", r.body)
	}
	wait, _ := strconv.Atoi(r.headers.Get("Retry-After"))
	if until := dayEnds(t); wait < until-5 || wait > until+5 {
		t.Errorf("Retry-After %d s, the day ends in %d s", wait, until)
	}
}

func TestABucketLetsMoreThroughAtOnce(t *testing.T) {
	forget(t)
	byStatus, took := burst(t, 30, "/limited/key", keyOf("bucket-app"))
	most := 7 + int(took/time.Second) + 1 // it holds 7, and refills by 1 a second
	if n := len(byStatus[200]); n < 7 || n > most {
		t.Errorf("%d were admitted in %s, want 7 to %d", n, took, most)
	}
}

func TestKeysWithoutAConsumerAreNotCounted(t *testing.T) {
	r := get(t, "/limited/key", "apikey: nobodys")
	r.is(t, http.StatusUnauthorized)
	for name := range r.headers {
		if strings.Contains(strings.ToLower(name), "ratelimit") {
			t.Errorf("key-auth refused the request, and its answer has %s", name)
		}
	}
}
