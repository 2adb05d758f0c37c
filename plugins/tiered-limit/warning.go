package tieredlimit

import "slices"

// warning is a share of the day's quota that an operator is told of when it is used up.
type warning struct {
	percent int
	// used is the number of requests that reaches the share.
	used int64
}

// newWarnings returns a quota's warnings, the lowest first; none where there is no quota.
func newWarnings(percents []int, quota int64) []warning {
	if quota == 0 {
		return nil
	}
	var out []warning
	for _, percent := range slices.Compact(slices.Sorted(slices.Values(percents))) {
		// Rounded up. Quotas are at most 10^12, far from where the product overflows.
		out = append(out, warning{percent: percent, used: (int64(percent)*quota + 99) / 100})
	}
	return out
}

// due tells whether this request is the one that reaches the share. Each admitted request of a day has
// another count of those used, so one request is, whichever gateway it comes through. A gateway that counts
// its part alone does not know. A grant adds to the limit and not to what is used.
func (w warning) due(d Decision) bool {
	return d.Verdict == Admitted && d.Store != FromLocal && d.Day.Limit > 0 && d.Day.used() == w.used
}

// used is how many requests of the window were admitted.
func (w Window) used() int64 { return w.Limit - w.Remaining }
