package tieredlimit

import (
	"errors"
	"time"
)

// errSlow is why a breaker opens whose last call went well.
var errSlow = errors.New("most answers take more than three quarters of redis.timeout")

// report logs a change, once: that the store does not answer, or a part of a Cluster does not, at its first failure
// where it has never answered, else when a breaker opens (a single lost answer is left to the metrics); that more or
// fewer masters of a Cluster do not; that it has another cause by now; and that it answers again, when all breakers
// are closed. err is of the last call.
func (g *guard) report(err error) {
	s := &g.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	closed, all := g.closed()
	before := s.become(g.stateBy(err, closed, all), time.Now())
	if away(s.state) {
		g.tell(before, err, all-closed, all)
		return
	}
	s.cause = nil
	if away(before) {
		g.log.Info("redis answers again", "after", s.since.Sub(s.missed).Round(time.Millisecond).String())
	}
}

// stateBy is the state of a store of which so many of all breakers are closed, after a call.
func (g *guard) stateBy(err error, closed, all int) string {
	switch answered := g.answered.Load(); {
	case !answered && g.standing.state == stateUnknown && (err == nil || saysNothing(err)):
		return stateUnknown
	case !answered || all > 0 && closed == 0:
		return stateSilent
	case closed < all:
		return statePartly
	}
	return stateAnswers
}

// tell logs of a store that is away what is new since the state before.
func (g *guard) tell(before string, err error, away, all int) {
	s := &g.standing
	gone := s.gone
	s.gone = away
	more := rank(s.state) > rank(before) || s.state == before && away > gone
	if err == nil && more {
		err = errSlow
	}
	fresh := s.blame(err)
	part := []any{"masters_away", away, "masters", all, "error", s.cause}
	switch {
	case s.state == stateSilent && s.state != before:
		g.log.Warn("redis does not answer: requests follow on_redis_error", "error", s.cause)
	case s.state == stateSilent && fresh:
		g.log.Warn("redis still does not answer, for another reason", "error", s.cause)
	case s.state == stateSilent:
	case s.state != before, more:
		g.log.Warn("redis answers in part: requests for the rest follow on_redis_error", part...)
	case away < gone:
		g.log.Info("redis answers in a larger part again", part...)
	case fresh:
		g.log.Warn("redis still answers only in part, for another reason", part...)
	}
}

// told tells whether an error of a call for key is one that was logged of the requests for it.
func (g *guard) told(key string, err error) bool {
	s := &g.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	return away(s.state) && s.kinds[kindOf(err)] && (s.state == stateSilent || !g.asks(key))
}

// state is what was last reported, since when, and the last error of a store that is away.
func (g *guard) state() (state string, since time.Time, cause error) {
	s := &g.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.since, s.cause
}

// up is how much of the store answers, from 0 to 1.
func (g *guard) up() float64 {
	switch state, _, _ := g.state(); state {
	case stateAnswers:
		return 1
	case statePartly:
		closed, all := g.closed()
		return float64(closed) / float64(max(1, all))
	}
	return 0
}

// asks tells whether the store is asked for a key without reserve.
func (g *guard) asks(key string) bool { return g.breakerOf(key).at() == positionClosed }

// tries tells whether the store is asked for a key, if only by a few at once.
func (g *guard) tries(key string) bool { return g.breakerOf(key).at() != positionOpen }

// closed is how many breakers let all calls pass, and of how many.
func (g *guard) closed() (closed, all int) {
	breakers := g.breakers()
	for _, b := range breakers {
		if b.at() == positionClosed {
			closed++
		}
	}
	return closed, len(breakers)
}

// position is that of the breaker that is furthest from closed.
func (g *guard) position() position {
	worst := positionClosed
	for _, b := range g.breakers() {
		switch p := b.at(); p {
		case positionOpen:
			return p
		case positionHalfOpen:
			worst = p
		}
	}
	return worst
}
