package jwksverify

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// leastRefresh bounds how often an answer's own lifetime makes us fetch it again.
	leastRefresh = time.Minute
	// firstRetry is the pause after a failed fetch; it doubles up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// noLifetime says that an answer does not tell how long it holds.
const noLifetime = time.Duration(-1)

// refreshAfter is the pause after a fetch that went well: the answer's lifetime within bounds, refresh
// at most.
func refreshAfter(lifetime, refresh time.Duration) time.Duration {
	if lifetime == noLifetime {
		return refresh
	}
	return min(max(lifetime, leastRefresh), refresh)
}

// retryAfterFailures is the pause after the given number of failed fetches in a row.
func retryAfterFailures(failures int) time.Duration {
	return min(firstRetry<<min(failures-1, 10), lastRetry)
}

// jittered takes up to a fifth off a pause, so that gateways started together do not fetch together
// for ever.
func jittered(pause time.Duration) time.Duration { return pause - rand.N(pause/5+1) }

// lifetimeOf is how long an answer may be used (RFC 9111, section 4.2), without what it has aged already.
// s-maxage is for caches that several clients share.
func lifetimeOf(h http.Header, now time.Time) time.Duration {
	if lifetime, ok := maxAge(h.Values("Cache-Control")); ok {
		return max(0, lifetime-age(h))
	}
	expires := h.Get("Expires")
	if expires == "" {
		return noLifetime
	}
	end, err := http.ParseTime(expires)
	if err != nil { // RFC 9111, section 5.3: such as "0", which has expired
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // the sender's clock, which wrote both
	}
	return max(0, end.Sub(now)-age(h))
}

// maxAge is the shortest lifetime that the directives of Cache-Control name (RFC 9111, section 5.2.2);
// no-cache and no-store name the shortest of all.
func maxAge(fields []string) (lifetime time.Duration, ok bool) {
	for directive := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		found := time.Duration(0)
		switch strings.ToLower(name) {
		case "no-cache", "no-store":
		case "max-age":
			found = deltaSeconds(strings.Trim(value, `"`))
		default:
			continue
		}
		if !ok || found < lifetime {
			lifetime, ok = found, true
		}
	}
	return lifetime, ok
}

func age(h http.Header) time.Duration { return deltaSeconds(h.Get("Age")) }

// deltaSeconds reads a number of seconds, cut to a day; what is no number counts as zero, what is too
// large for one as a day (RFC 9111, section 1.2.2).
func deltaSeconds(text string) time.Duration {
	const most = 24 * 60 * 60
	seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(seconds, most)) * time.Second
}
