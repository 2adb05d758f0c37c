package tieredlimit

import "time"

// share is what a node admits of one count while Redis does not answer.
type share struct {
	// account is the node's own: what it has used of the day is what Redis is still to be told of.
	account
	// spent is what the day had used when Redis last told, less what was granted, of which granted is told
	// to clients; both count until until, the day's end in microseconds since 1970 by Redis' clock.
	spent, granted, until int64
	// days is of the last debit to the day, and touched when the share was last used, in microseconds.
	days    *calendar
	touched int64
	// full is when the bucket is, at the latest, in microseconds: until then it counts.
	full int64
	// settled is which of the node's batches was the last that Redis has debited here.
	settled int64
	// batch is on its way to Redis, or was without an answer; nil where there is none.
	batch *batch
}

// portion is the part of a limit that one of some nodes admits: rounded down, and at least one.
func portion(limit, nodes int64) int64 { return max(1, limit/nodes) }

// portions are the parts of a rate.
func (l Limits) portions(nodes int64) Limits {
	if l.TPS > 0 {
		l.TPS = portion(l.TPS, nodes)
	}
	if l.Burst > 0 {
		l.Burst = portion(l.Burst, nodes)
	}
	return l
}

// ration is what a node says of its part.
type ration struct {
	Outcome
	// dayLasts tells that the day has requests left over all nodes, also where the node's part of it is used up.
	dayLasts bool
}

// take debits up to n requests at the time now from the node's part of the limits.
func (s *share) take(l Limits, now time.Time, nodes, n int64) ration {
	part := l.portions(nodes)
	s.touched = now.UnixMicro()
	if l.Quota == 0 {
		out := s.account.take(part, now, n)
		s.fills(part)
		return ration{Outcome: out}
	}
	left, granted := s.dayLeft(l, now)
	if left == 0 {
		_, ends := l.Days.day(now)
		part.Quota, part.Days = 0, nil // else zero would mean that there is no quota
		out := s.account.take(part, now, 0)
		out.DayEnds, out.Granted = ends.Sub(now), granted
		return ration{Outcome: out}
	}
	part.Quota = portion(left, nodes)
	out := s.account.take(part, now, n)
	s.fills(part)
	out.Granted = granted
	if out.Admitted > 0 {
		s.days = l.Days
	}
	return ration{Outcome: out, dayLasts: true}
}

// fills takes note of when the bucket of a part is full.
func (s *share) fills(part Limits) {
	if part.Burst > 0 {
		s.full = max(s.full, s.last+ceilDiv(part.Burst*second-s.tokens, part.TPS))
	}
}

// note debits one request at the time now from the day alone, whatever is left of it.
func (s *share) note(l Limits, now time.Time) {
	day := Limits{Quota: l.Quota, Days: l.Days}
	after, clock := s.at(day, now.UnixMicro())
	after.debit(day, clock, now, 1)
	s.account, s.days, s.touched = after, l.Days, now.UnixMicro()
}

// dayLeft is what the day admits over all nodes, as far as this one knows: all of it where it knows nothing.
func (s *share) dayLeft(l Limits, now time.Time) (left, granted int64) {
	if now.UnixMicro() >= s.until {
		return l.Quota, 0
	}
	return max(0, l.Quota-s.spent), s.granted
}

// learn takes note of what Redis says of the day that ends at a time.
func (s *share) learn(spent, granted int64, ends time.Time) {
	s.spent, s.granted, s.until = spent, granted, ends.UnixMicro()
}

// owed is how many requests Redis is to be told of; none of a day that has ended.
func (s *share) owed(now time.Time) int64 {
	if s.used == 0 || s.days == nil {
		return 0
	}
	if _, ends := s.days.day(time.Unix(s.counted, 0)); !now.Before(ends) {
		return 0
	}
	return s.used
}

// due is what is owed and not on its way yet.
func (s *share) due(now time.Time) int64 {
	n := s.owed(now)
	if s.batch != nil {
		n -= min(n, s.batch.n)
	}
	return n
}

// late is what is owed to a day that has ended, and is not on its way.
func (s *share) late(now time.Time) int64 {
	if s.days == nil || s.owed(now) > 0 {
		return 0
	}
	if s.batch != nil && !s.batch.apart {
		return s.used - min(s.used, s.batch.n)
	}
	return s.used
}

// idle forgets the rate of a share that was not used for a while, and tells whether nothing is left that
// counts.
func (s *share) idle(now time.Time) bool {
	const while = 2 * second
	if now.UnixMicro()-s.touched < while {
		return false
	}
	s.recent = nil
	return now.UnixMicro() >= s.full && s.batch == nil && now.UnixMicro() >= s.until && s.owed(now) == 0
}
