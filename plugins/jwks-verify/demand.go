package jwksverify

import (
	"sync"
	"time"
)

const (
	// coolDown is the time from take-off to take-off of fetches that requests cause.
	coolDown = 5 * time.Second
	// hintEvery is the time between fetches that doubts about a known key cause.
	hintEvery = time.Minute
	// maxWaiting bounds the requests of one source that wait at a time; those beyond are answered at once.
	maxWaiting = 1000
)

// demand is what requests ask of a source's fetches. One fetch is under way at a time. Requests that miss a
// kid, whatever kid and however many, bring the next one forward: to now, or to a cool-down after the last
// that requests caused. So they cause one fetch in a cool-down at most, and a key is found within one
// cool-down of the first request for it after its publication. An attacker's kids can spend a cool-down,
// but being what keeps the fetches coming they cannot make it longer.
type demand struct {
	// wake tells the loop that due may have come forward.
	wake chan struct{}

	mu      sync.Mutex
	flying  bool
	wanted  bool          // a request has missed something that no fetch since has brought
	landing chan struct{} // closes when the fetch under way ends, or the next where none is
	caused  time.Time     // when the last fetch took off that requests caused
	next    time.Time     // when the next fetch takes off unless requests want one sooner
	waiting int
	unknown unknownKids
}

func newDemand() *demand {
	return &demand{wake: make(chan struct{}, 1), landing: make(chan struct{}), unknown: newUnknownKids()}
}

// takeOff marks the start of a fetch, which serves those that have asked for one.
func (d *demand) takeOff(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wanted {
		d.caused = now
	}
	d.flying, d.wanted = true, false
}

// land marks the end of a fetch. One that brought another set answers also those that asked on its way:
// who still misses a kid asks again.
func (d *demand) land(next time.Time, changed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.landing)
	d.landing = make(chan struct{})
	d.flying, d.next = false, next
	if changed {
		d.wanted = false
		d.unknown.clear()
	}
}

// due is when the next fetch is to take off.
func (d *demand) due() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dueLocked()
}

func (d *demand) dueLocked() time.Time {
	if soon := d.caused.Add(coolDown); d.wanted && soon.Before(d.next) {
		return soon
	}
	return d.next
}

// ask wants a fetch for a kid that the set lacks, empty for any. It returns what closes when that has
// ended, nil where the request is not to wait: it could not last, or has the answer already. Who waits
// calls waited in the end.
func (d *demand) ask(kid string, now time.Time, wait time.Duration) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wanted {
		d.wantLocked()
	}
	switch {
	case wait <= 0, d.waiting >= maxWaiting, d.unknown.has(kid, now):
		return nil
	case !d.flying && d.dueLocked().Sub(now) >= wait:
		return nil
	}
	d.waiting++
	return d.landing
}

// hint wants a fetch that nobody waits for: a key may have been replaced under its kid. Bad signatures are
// cheap to make, so that they cause one a minute at most.
func (d *demand) hint(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wanted && now.Sub(d.caused) >= hintEvery {
		d.wantLocked()
	}
}

func (d *demand) wantLocked() {
	d.wanted = true
	select {
	case d.wake <- struct{}{}:
	default: // the loop has not looked since the last one
	}
}

// waited ends what ask began. lacking tells that a fresh set lacks the kid.
func (d *demand) waited(kid string, now time.Time, lacking bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
	if lacking {
		d.unknown.add(kid, now)
	}
}
