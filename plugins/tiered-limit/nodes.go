package tieredlimit

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"
)

// nodeLife is how long a node counts that Redis has not heard of. It is long, for a node that is cut off from
// Redis still admits its part: it must not be given to others that are cut off later.
const nodeLife = 10 * time.Minute

// peers are what a node knows of those that share its Redis, from when it was last answered.
type peers struct {
	// id names this node: the process.
	id string
	// seen is how many there are; zero before the first answer.
	seen atomic.Int64
	// ahead is how far Redis' clock was ahead of this node's, in nanoseconds.
	ahead atomic.Int64
	// noted is when Redis last heard of this node, as far as the node knows: in microseconds by Redis' clock.
	noted atomic.Int64

	mu sync.Mutex
	// doubted is until when Redis may not have heard of all again, and seen does not fall.
	doubted time.Time
	timed   bool // Redis' time is known
}

func newPeers() *peers { return &peers{id: rand.Text()} }

// live is how many nodes there are, and unseen where Redis has never told.
func (p *peers) live(unseen int64) int64 {
	if seen := p.seen.Load(); seen > 0 {
		return seen
	}
	return max(1, unseen)
}

func (p *peers) offset() time.Duration { return time.Duration(p.ahead.Load()) }

// sighting is what Redis answers to a beat: how many nodes it counts, and when it had heard of this one before, zero
// for never, and does now; both in microseconds by its clock.
type sighting struct{ count, before, at int64 }

// saw takes note of what Redis answers to a beat at now. Where it does not know of a beat that it had answered before
// this one was made, which is noted, it has lost its data or has older ones, or the node was cut off for long: others
// may be cut off still, of which Redis does not know, until they would count no more in any case.
func (p *peers) saw(s sighting, noted int64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.before < noted {
		p.doubted = now.Add(nodeLife)
	}
	if s.count > p.seen.Load() || !now.Before(p.doubted) {
		p.seen.Store(s.count)
	}
	p.noted.Store(s.at)
}

// heard takes note of Redis' time, by an answer that took so long. What a call takes is not taken for a step of a
// clock, so that the time that the node reckons with does not jump; one that took longer says nothing.
func (p *peers) heard(ahead, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.timed || took <= clockStep/2 && (ahead-p.offset()).Abs() > clockStep {
		p.timed = true
		p.ahead.Store(int64(ahead))
	}
}
