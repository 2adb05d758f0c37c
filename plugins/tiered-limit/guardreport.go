package tieredlimit

import (
	"errors"
	"time"
)

// errSlow is why a breaker opens whose last call went well.
var errSlow = errors.New("most answers take more than three quarters of redis.timeout")

// report logs a change, once: that the store does not answer, at its first failure where it has never
// answered, else when a breaker opens (a single lost answer is left to the metrics); and that it answers
// again, when all breakers are closed.
func (g *guard) report(err error) {
	away := g.closed() < len(g.groups)
	switch {
	case away || err != nil && !saysNothing(err) && !g.answered.Load():
		if g.down.CompareAndSwap(false, true) {
			g.note()
			if err == nil {
				err = errSlow
			}
			g.log.Warn("redis does not answer: requests follow on_redis_error", "error", err)
		}
	case err == nil && g.down.CompareAndSwap(true, false):
		took := time.Since(*g.since.Load()).Round(time.Millisecond)
		g.note()
		g.log.Info("redis answers again", "after", took.String())
	}
}

// note remembers when the store began to answer, or not to.
func (g *guard) note() {
	now := time.Now()
	g.since.Store(&now)
}

// asks tells whether the store is asked for a key without reserve.
func (g *guard) asks(key string) bool { return g.breakerOf(key).at() == positionClosed }

// closed is how many breakers let all calls pass.
func (g *guard) closed() (n int) {
	for i := range g.groups {
		if g.groups[i].at() == positionClosed {
			n++
		}
	}
	return n
}

// position is that of the breaker that is furthest from closed.
func (g *guard) position() position {
	worst := positionClosed
	for i := range g.groups {
		switch p := g.groups[i].at(); p {
		case positionOpen:
			return p
		case positionHalfOpen:
			worst = p
		}
	}
	return worst
}
