package jwksverify

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// dates are when a token is good. A zero time is a date that the token does not have.
type dates struct{ issued, notBefore, expires time.Time }

// readDates reads iat, nbf and exp, of which exp is needed.
func readDates(c claims) (dates, *refusal) {
	var d dates
	for _, date := range [...]struct {
		name string
		into *time.Time
	}{{"iat", &d.issued}, {"nbf", &d.notBefore}, {"exp", &d.expires}} {
		value, present := c[date.name]
		if !present {
			continue
		}
		var ok bool
		if *date.into, ok = numericDate(value); !ok {
			return dates{}, &refusal{reasonMalformed, date.name + " is not a NumericDate"}
		}
	}
	if d.expires.IsZero() {
		return dates{}, &refusal{reasonMalformed, "there is no exp"}
	}
	return d, nil
}

// numericDate reads seconds since 1970 (RFC 7519, section 2): a JSON number, possibly with a fraction, up
// to the year 9999. Beyond, arithmetic on times overflows, and a far nbf becomes a past one.
func numericDate(value any) (time.Time, bool) {
	const year9999 = 253402300799
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > year9999 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

// clock is how a policy compares times: leeway for clocks that differ, maxAge zero for any age.
type clock struct{ leeway, maxAge time.Duration }

// check compares a token's dates with the time. Fractions of a second count.
func (c clock) check(d dates, now time.Time) *refusal {
	switch {
	case !now.Before(d.expires.Add(c.leeway)): // RFC 7519, section 4.1.4: "on or after"
		return &refusal{reasonExpired, fmt.Sprintf("exp was %s ago, the leeway is %s", rounded(now.Sub(d.expires)), c.leeway)}
	case now.Add(c.leeway).Before(d.notBefore):
		return &refusal{reasonNotYetValid, fmt.Sprintf("nbf is in %s, the leeway is %s", rounded(d.notBefore.Sub(now)), c.leeway)}
	case now.Add(c.leeway).Before(d.issued):
		return &refusal{reasonNotYetValid, fmt.Sprintf("iat is in %s, the leeway is %s", rounded(d.issued.Sub(now)), c.leeway)}
	case c.maxAge > 0 && !now.Before(d.issued.Add(c.maxAge).Add(c.leeway)):
		return &refusal{reasonExpired, fmt.Sprintf("iat was %s ago, max_age_seconds is %d", rounded(now.Sub(d.issued)), c.maxAge/time.Second)}
	}
	return nil
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
