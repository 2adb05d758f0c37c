package tieredlimit

import (
	"slices"
	"time"
)

// account is what a store keeps of one consumer, and the algorithm itself: limit.lua does in Redis what
// take does here. Times are microseconds since 1970, as Redis tells them, unless said otherwise.
type account struct {
	// used and granted are of the day in which counted lies, the second of the last debit from a quota.
	used, granted, counted int64
	// last is when the rate last admitted a request.
	last int64
	// tokens is what the bucket held at last, in millionths of requests; bucketed is when a bucket last
	// admitted, and zero where none has.
	tokens, bucketed int64
	// recent holds the admissions of the exact rate that still count, oldest first.
	recent []int64
}

const second = int64(time.Second / time.Microsecond)

// take debits up to n requests at the time now, each from all limits or from none.
func (a *account) take(l Limits, now time.Time, n int64) Outcome {
	after, clock := a.at(l, now.UnixMicro())
	rate := after.rate(l, clock)
	var out Outcome
	out.Admitted = n
	if l.TPS > 0 {
		out.Admitted = min(out.Admitted, rate.room)
	}
	if l.Quota > 0 {
		_, ends := l.Days.day(now)
		out.DayEnds = ends.Sub(now)
		out.Granted = after.granted
		out.DayLeft = max(0, l.Quota+after.granted-after.used)
		out.Admitted = min(out.Admitted, out.DayLeft)
		out.DayLeft -= out.Admitted
	}
	if out.Admitted > 0 {
		after.debit(l, clock, now, out.Admitted)
		*a = after
	}
	if l.TPS > 0 {
		out.RateLeft = rate.room - out.Admitted
		if out.RateLeft == 0 {
			// Who waits does so from now, and not from when the clock stands still.
			out.RateWait = micros(after.wait(l, clock, rate, out.Admitted) + clock - now.UnixMicro())
		}
	}
	return out
}

// at returns the account without what no longer counts at now, and the time to reckon the rate with.
// A clock that steps back by up to a second is taken to stand still; beyond that nobody knows the age
// of what was counted, and it is forgotten.
func (a *account) at(l Limits, now int64) (account, int64) {
	after := *a
	if l.Quota > 0 {
		// The count is kept as long as its last debit lies in the asking tier's day: another tier may have
		// another time zone.
		from, to := l.Days.day(time.UnixMicro(now))
		if a.counted < from.Unix() || a.counted >= to.Unix() {
			after.used, after.granted = 0, 0
		}
	}
	if l.TPS == 0 {
		return after, now
	}
	if after.last-now > second {
		after.last, after.bucketed, after.recent = 0, 0, nil
	}
	clock := max(now, after.last)
	if after.last <= clock-second {
		after.recent = nil
	}
	after.refill(l, clock)
	first, _ := slices.BinarySearch(after.recent, clock-second+1)
	after.recent = after.recent[first:]
	return after, clock
}

// refill brings the bucket to the time clock. One that is new takes what the exact rate has admitted in the
// second up to its last admission for its own; an exact rate debits the bucket before it, which holds a
// second's requests then.
func (a *account) refill(l Limits, clock int64) {
	capacity := l.Burst * second
	if l.Burst == 0 {
		capacity = l.TPS * second
	}
	if l.Burst > 0 && a.bucketed == 0 {
		a.tokens = max(0, capacity-int64(len(a.recent))*second)
	}
	if l.Burst > 0 || a.bucketed > 0 {
		a.tokens = filled(a.tokens, clock-a.last, l.TPS, capacity)
	}
}

// filled is what a bucket holds after some time; the division keeps the product from overflowing.
func filled(tokens, elapsed, tps, capacity int64) int64 {
	if elapsed > capacity/tps {
		return capacity
	}
	return min(capacity, tokens+elapsed*tps)
}

// rate is what the rate admits at one time.
type rate struct {
	// room is how many requests are admitted, free what the exact rate alone would admit.
	room, free int64
	// guarded tells that the bucket has a say, beside an exact rate for a second after a bucket's last
	// admission: nodes with the one and nodes with the other may alternate.
	guarded bool
}

func (a *account) rate(l Limits, clock int64) rate {
	held := a.tokens / second
	if l.Burst > 0 {
		return rate{room: held, guarded: true}
	}
	r := rate{free: max(0, l.TPS-int64(len(a.recent))), guarded: a.bucketed > clock-second}
	r.room = r.free
	if r.guarded {
		r.room = min(r.free, held)
	}
	return r
}

// wait is the time until the rate admits another, once it has admitted all it can.
func (a *account) wait(l Limits, clock int64, r rate, admitted int64) int64 {
	var wait int64
	if l.Burst == 0 && r.free == admitted {
		wait = a.recent[int64(len(a.recent))-l.TPS] + second - clock
	}
	if r.guarded {
		refill := ceilDiv(second-a.tokens, l.TPS)
		if l.Burst == 0 {
			refill = min(refill, a.bucketed+second-clock)
		}
		wait = max(wait, refill)
	}
	return wait
}

// debit takes k requests from the limits.
func (a *account) debit(l Limits, clock int64, now time.Time, k int64) {
	if l.TPS > 0 {
		if l.Burst > 0 || a.bucketed > 0 {
			a.tokens = max(0, a.tokens-k*second)
		}
		if l.Burst > 0 {
			a.bucketed = clock
		} else {
			for range k {
				a.recent = append(a.recent, clock)
			}
		}
		a.last = clock
	}
	if l.Quota > 0 {
		a.used += k
		a.counted = now.Unix()
	}
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// ceilDiv rounds up: who waits that long is not early.
func ceilDiv(a, b int64) int64 {
	if a <= 0 {
		return a / b
	}
	return (a + b - 1) / b
}
