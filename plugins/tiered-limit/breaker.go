package tieredlimit

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tripAfter is how many failures in a row open a breaker.
	tripAfter = 5
	// tripOf and tripBad open it too: as many of the last calls were bad, that is failed or were slow.
	tripOf, tripBad = 20, 10
	// probeEvery is how often a store whose breaker is not closed is probed.
	probeEvery = 500 * time.Millisecond
	// probeSeldom is how often at most where it opens again and again: each time costs some requests.
	probeSeldom = 16 * time.Second
	// steady is how long a breaker must stay closed to count as one that had never opened.
	steady = time.Minute
	// fullFlow is how many calls at once a half-open breaker lets through in the end, from one on.
	fullFlow = 16
)

// position is where a breaker stands.
type position string

const (
	positionClosed   position = "closed"    // all calls pass
	positionHalfOpen position = "half-open" // a few at once
	positionOpen     position = "open"      // none
)

// result is what a call tells of the store.
type result int

const (
	saidNothing result = iota
	wentWell
	wentSlowly
	wentWrong
)

// breaker keeps calls from a store, or a part of it, that fails or is slow. It is closed, then open until a
// probe in the background goes well, then half-open: calls at once double with each one that goes well, so
// that a store that has just come back is not overrun. No call is made to try the store. Its zero value is
// ready to use.
type breaker struct {
	mu       sync.Mutex
	position position // empty is closed
	since    time.Time
	used     time.Time // when a call was last heard of
	turn     uint64    // changes with the position: what was called before says nothing

	inARow int    // failures
	recent uint32 // a bit for each of the last calls, the last one lowest, set where it was bad

	flow, flying int // half-open: how many calls may be under way, and how many are

	probing  atomic.Bool
	key      string // of the call that failed last, or opened it: what the probe asks for
	relapses int    // how often it opened again before it was steady
	next     time.Time
}

// enter tells whether a call may be made. Whoever makes it then leaves with the same turn.
func (b *breaker) enter() (turn uint64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.position {
	case positionOpen:
		return 0, false
	case positionHalfOpen:
		if b.flying >= b.flow {
			return 0, false
		}
		b.flying++
	}
	return b.turn, true
}

// leave takes note of a call for key that has ended at now, and tells whether the position changed.
func (b *breaker) leave(turn uint64, key string, r result, now time.Time) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = now
	if turn != b.turn {
		return false
	}
	if r == wentWrong {
		b.key = key
	}
	if b.position == positionHalfOpen {
		b.flying--
		return b.trial(key, r, now)
	}
	return b.count(r) && b.open(key, now)
}

// count notes a result of a closed breaker, and tells whether it is to open.
func (b *breaker) count(r result) bool {
	if r == saidNothing {
		return false
	}
	b.inARow++
	if r != wentWrong {
		b.inARow = 0
	}
	b.recent <<= 1
	if r != wentWell {
		b.recent |= 1
	}
	return b.inARow >= tripAfter || bits.OnesCount32(b.recent&(1<<tripOf-1)) >= tripBad
}

// trial notes a result of a half-open breaker.
func (b *breaker) trial(key string, r result, now time.Time) (changed bool) {
	switch r {
	case saidNothing:
		return false
	case wentWell:
		if b.flow *= 2; b.flow > fullFlow {
			b.move(positionClosed, now)
			return true
		}
		return false
	}
	return b.open(key, now)
}

func (b *breaker) open(key string, now time.Time) bool {
	switch {
	case b.position == positionHalfOpen || now.Sub(b.since) < steady:
		b.relapses++
	default:
		b.relapses = 0
	}
	b.move(positionOpen, now)
	b.key = key
	b.next = now.Add(min(probeSeldom, probeEvery<<min(b.relapses, tripOf)))
	return true
}

func (b *breaker) move(to position, now time.Time) {
	b.position, b.since = to, now
	b.turn++
	b.inARow, b.recent, b.flow, b.flying = 0, 0, 1, 0
}

// lastFailed is the key of the call that failed last; empty where none has.
func (b *breaker) lastFailed() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.key
}

// distrust makes a new breaker half-open: a call for key had failed before it was made.
func (b *breaker) distrust(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.move(positionHalfOpen, b.used)
	b.key = key
}

// probe tells whether it is time to probe the store, and with which key.
func (b *breaker) probe(now time.Time) (key string, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.key, b.position == positionHalfOpen || b.position == positionOpen && !now.Before(b.next)
}

// probed takes note of a probe, and tells whether the position changed.
func (b *breaker) probed(r result, now time.Time) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.position == positionHalfOpen:
		return b.trial(b.key, r, now)
	case b.position == positionOpen && r == wentWell:
		b.move(positionHalfOpen, now)
		return true
	}
	return false
}

// idle tells that no call was heard of for long.
func (b *breaker) idle(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Sub(b.used) > steady
}

// at returns the position.
func (b *breaker) at() position {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.position == "" {
		return positionClosed
	}
	return b.position
}
