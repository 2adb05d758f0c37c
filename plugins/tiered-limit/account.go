package tieredlimit

import (
	"slices"
	"time"
)

// account is what a store keeps of one consumer, and the algorithm itself: limit.lua does in Redis what
// take does here. Times are microseconds since 1970, as Redis tells them.
type account struct {
	// day is the day, counted from 1970, on which used requests were admitted.
	day, used int64
	// last is when the rate last admitted a request.
	last int64
	// debt is what the bucket has yet to drain, in millionths of a request.
	debt int64
	// recent holds the admissions of the exact rate that still count, oldest first.
	recent []int64
}

const (
	second = int64(time.Second / time.Microsecond)
	day    = 24 * 60 * 60 * second
)

// take debits one request at the time now from all limits, or from none.
func (a *account) take(l Limits, now time.Time) Outcome {
	after, clock := a.at(l, now.UnixMicro())
	left, wait := after.rate(l, clock)
	if wait > 0 {
		wait += clock - now.UnixMicro() // who waits does so from now, and not from when the clock stands still
	}
	out := Outcome{
		RateLeft: left, RateWait: milliseconds(wait),
		DayLeft: max(0, l.Quota-after.used),
		DayEnds: milliseconds((after.day+1)*day - now.UnixMicro()),
	}
	if wait > 0 || l.Quota > 0 && out.DayLeft == 0 {
		return out
	}
	after.debit(l, clock)
	*a = after
	out.Admitted = true
	if l.TPS > 0 {
		out.RateLeft--
	}
	if l.Quota > 0 {
		out.DayLeft--
	}
	return out
}

// at returns the account without what no longer counts at now, and the time to reckon the rate with.
// A clock that steps back by up to a second is taken to stand still; beyond that nobody knows the age
// of what was counted, and it is forgotten.
func (a *account) at(l Limits, now int64) (account, int64) {
	after := *a
	if today := now / day; after.day != today {
		after.day, after.used = today, 0
	}
	if l.TPS == 0 {
		return after, now
	}
	if after.last-now > second {
		after.last, after.recent = 0, nil
	}
	clock := max(now, after.last)
	first, _ := slices.BinarySearch(after.recent, clock-second+1)
	after.recent = after.recent[first:]
	if l.Burst > 0 {
		// A bucket that was lowered is no more than empty. Clamped before it drains: a rejected request
		// writes nothing, and the debt above the burst would have to drain first.
		after.debt = min(after.debt, l.Burst*second)
	}
	after.debt = drained(after.debt, clock-after.last, l.TPS)
	return after, clock
}

// drained is a bucket's debt after some time; the division keeps the product from overflowing.
func drained(debt, elapsed, tps int64) int64 {
	if elapsed > debt/tps {
		return 0
	}
	return debt - elapsed*tps
}

// rate returns how many requests the rate admits at the time clock, and how long to wait if none.
func (a *account) rate(l Limits, clock int64) (left, wait int64) {
	switch {
	case l.TPS == 0:
		return 0, 0
	case l.Burst > 0:
		room := l.Burst*second - a.debt
		return max(0, room/second), max(0, ceilDiv(second-room, l.TPS))
	}
	count := int64(len(a.recent))
	if count < l.TPS {
		return l.TPS - count, 0
	}
	return 0, a.recent[count-l.TPS] + second - clock
}

func (a *account) debit(l Limits, clock int64) {
	if l.TPS > 0 {
		a.last = clock
		a.debt += second
		if l.Burst == 0 {
			a.recent = append(a.recent, clock)
		}
	}
	if l.Quota > 0 {
		a.used++
	}
}

// milliseconds rounds up: who waits that long is not early.
func milliseconds(micros int64) time.Duration {
	return time.Duration(ceilDiv(micros, 1000)) * time.Millisecond
}

func ceilDiv(a, b int64) int64 {
	if a <= 0 {
		return a / b
	}
	return (a + b - 1) / b
}
