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

// saw takes note of how many nodes Redis counts. Where it counts a node as new that had beaten before, it has lost
// its data, or the node was cut off for long: others may be cut off still, of which Redis does not know, until they
// would count no more in any case.
func (p *peers) saw(count int64, isNew bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen.Load()
	if isNew && seen > 0 {
		p.doubted = now.Add(nodeLife)
	}
	if count > seen || !now.Before(p.doubted) {
		p.seen.Store(count)
	}
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
