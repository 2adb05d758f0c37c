package jwksverify

import (
	"net/http"
	"testing"
	"time"
)

var fetchedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestLifetimeOfAnAnswer(t *testing.T) {
	const date, later = "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:02:00 GMT"
	for name, row := range map[string]struct {
		headers http.Header
		want    time.Duration
	}{
		"nothing is said":                        {http.Header{}, noLifetime},
		"max-age":                                {http.Header{"Cache-Control": {"public, max-age=120, must-revalidate"}}, 2 * time.Minute},
		"max-age in another case, in quotes":     {http.Header{"Cache-Control": {`Max-Age="120"`}}, 2 * time.Minute},
		"max-age less what it has aged":          {http.Header{"Cache-Control": {"max-age=120"}, "Age": {"30"}}, 90 * time.Second},
		"older than max-age":                     {http.Header{"Cache-Control": {"max-age=120"}, "Age": {"300"}}, 0},
		"the shortest of several":                {http.Header{"Cache-Control": {"max-age=600", "max-age=120"}}, 2 * time.Minute},
		"no-store":                               {http.Header{"Cache-Control": {"no-store"}}, 0},
		"no-cache beside max-age":                {http.Header{"Cache-Control": {"max-age=120, no-cache"}}, 0},
		"s-maxage is not for us":                 {http.Header{"Cache-Control": {"s-maxage=5, max-age=120"}}, 2 * time.Minute},
		"only directives that do not matter":     {http.Header{"Cache-Control": {"public, stale-if-error=5"}}, noLifetime},
		"max-age that is no number":              {http.Header{"Cache-Control": {"max-age=soon"}}, 0},
		"max-age that is negative":               {http.Header{"Cache-Control": {"max-age=-1"}}, 0},
		"max-age beyond all integers":            {http.Header{"Cache-Control": {"max-age=99999999999999999999999"}}, 24 * time.Hour},
		"Expires by the sender's clock":          {http.Header{"Expires": {later}, "Date": {"Sun, 01 Mar 2026 11:59:00 GMT"}}, 3 * time.Minute},
		"Expires by ours where there is no Date": {http.Header{"Expires": {later}}, 2 * time.Minute},
		"Expires in the past":                    {http.Header{"Expires": {date}, "Date": {later}}, 0},
		"Expires that is no date":                {http.Header{"Expires": {"0"}}, 0},
		"max-age goes before Expires":            {http.Header{"Expires": {"0"}, "Cache-Control": {"max-age=120"}}, 2 * time.Minute},
	} {
		if got := lifetimeOf(row.headers, fetchedAt); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

func TestRefreshStaysWithinBounds(t *testing.T) {
	for name, row := range map[string]struct{ lifetime, refresh, want time.Duration }{
		"no lifetime is ours":              {noLifetime, 5 * time.Minute, 5 * time.Minute},
		"a lifetime within":                {2 * time.Minute, 5 * time.Minute, 2 * time.Minute},
		"a lifetime beyond":                {time.Hour, 5 * time.Minute, 5 * time.Minute},
		"a lifetime of nothing":            {0, 5 * time.Minute, time.Minute},
		"a refresh shorter than the least": {0, 10 * time.Second, 10 * time.Second},
	} {
		if got := refreshAfter(row.lifetime, row.refresh); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

func TestJitterShortens(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 1000 {
		got := jittered(time.Minute)
		if got > time.Minute || got < 48*time.Second {
			t.Fatalf("a minute became %s", got)
		}
		seen[got] = true
	}
	if len(seen) < 900 {
		t.Errorf("%d different pauses of 1000", len(seen))
	}
	if got := jittered(0); got != 0 {
		t.Errorf("nothing became %s", got)
	}
}

// FuzzLifetimeOf looks for panics, and for lifetimes that no bound holds.
func FuzzLifetimeOf(f *testing.F) {
	f.Add("max-age=1, no-store", "0", "7")
	f.Add(`max-age="=,`, "Sun, 01 Mar 2026 12:00:00 GMT", "-1")
	f.Fuzz(func(t *testing.T, cacheControl, expires, age string) {
		h := http.Header{"Cache-Control": {cacheControl}, "Expires": {expires}, "Age": {age}}
		got := refreshAfter(lifetimeOf(h, fetchedAt), 5*time.Minute)
		if got < time.Minute || got > 5*time.Minute {
			t.Errorf("fetched again after %s", got)
		}
	})
}
