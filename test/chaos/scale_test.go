package chaos

import (
	"os"
	"time"
)

// longEnv is how long the trouble of each case lasts in the long form, as in 30s.
const longEnv = "TOLLGATE_CHAOS"

// scale is how large a case is.
type scale struct {
	long bool
	// quiet is how long the load is before the trouble, trouble how long that lasts, and after how long the
	// load goes on once Redis answers again.
	quiet, trouble, after time.Duration
	timeout               time.Duration // of Redis
	rate                  int           // requests a second and node
	tps                   int64         // of the tiers
}

// scaled is the short form, or the long one where longEnv says how long.
func scaled() scale {
	long, err := time.ParseDuration(os.Getenv(longEnv))
	if err != nil {
		const second = time.Second
		return scale{quiet: second, trouble: 3 * second / 2, after: second / 2, timeout: second, rate: 50, tps: 8}
	}
	return scale{long: true, quiet: long / 2, trouble: long, after: long / 4, timeout: 50 * time.Millisecond, rate: 400, tps: 40}
}

// tier is one kind of consumer.
type tier struct {
	name              string
	tps, burst, quota int64
}

// counted is a quota that never ends: under it Redis counts all that it admits.
const counted = 1_000_000_000

// The names of the tiers.
const (
	exact  = "exact"
	bucket = "bucket"
	day    = "day"
	free   = "free" // without limits: what its requests take shows how busy the machine is
)

// tiers are those of the load: each consumer asks for more than twice its limits.
func (s scale) tiers() []tier {
	whole := s.quiet + s.trouble + s.after
	return []tier{
		{name: exact, tps: s.tps, quota: counted},
		{name: bucket, tps: s.tps / 2, burst: s.tps / 2, quota: counted},
		{name: day, tps: s.tps, quota: s.tps * int64(whole/time.Second) * 3 / 4}, // ends during the trouble, or soon after
		{name: free},
	}
}

// most is what one consumer of a tier gets at most in a second where nothing is wrong.
func (t tier) most() int64 { return t.tps + t.burst }

// part is what one of some nodes admits in a second at most without Redis.
func (t tier) part(nodes int) int64 {
	n := int64(nodes)
	if t.burst == 0 {
		return max(1, t.tps/n)
	}
	return max(1, t.tps/n) + max(1, t.burst/n)
}
