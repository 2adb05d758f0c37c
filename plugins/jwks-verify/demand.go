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
// that requests caused. So they cause one fetch in a cool-down at most, and none for a kid that a fetch has
// looked for in vain a short while ago. A key is found within one cool-down of the first request for it
// after its publication, unless its kid is remembered from before. An attacker's kids can spend a
// cool-down, but being what keeps the fetches coming they cannot make it longer.
type demand struct {
	// wake tells the loop that due may have come forward.
	wake chan struct{}

	mu      sync.Mutex
	flying  bool
	wanted  bool          // a request has missed something that no fetch since has brought
	landing chan struct{} // closes when the fetch under way ends, or the next where none is
	caused  time.Time     // when the last fetch took off that requests caused
	next    time.Time     // when the next fetch takes off unless requests want one sooner
	failing bool          // the last fetch was not good
	waiting int
	unknown unknownKids
}

// landed is the end of a fetch.
type landed struct {
	at time.Time
	// next is when the next fetch takes off unless requests want one sooner.
	next time.Time
	// set is what was fetched, nil where that failed.
	set *keySet
	// changed tells that it is another set than before.
	changed bool
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
	d.unknown.takeOff()
}

// land marks the end of a fetch. One that brought another set answers also those that asked on its way, if it
// has their kids.
func (d *demand) land(l landed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.landing)
	d.landing = make(chan struct{})
	d.flying, d.next, d.failing = false, l.next, l.set == nil
	if d.failing {
		d.unknown.retry()
		return
	}
	d.unknown.settle(l.set.kids, l.at)
	if l.changed && !d.unknown.areAsked() {
		d.wanted = false
	}
}

// sooner brings the next regular fetch forward. The next after a failure comes soon enough as it is.
func (d *demand) sooner(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.failing && at.Before(d.next) {
		d.next = at
		d.wakeLocked()
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

// ask wants a fetch for a kid, empty for a token without one, that the set lacks, or where there is no set.
// It returns what closes when a fetch has ended: that which looks for the kid, or one before it that took off
// earlier, after which who still misses the kid asks again. It is nil where the request is not to wait: none
// ends in time, or it has the answer already. Who waits calls waited in the end.
func (d *demand) ask(kid string, now time.Time, wait time.Duration) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unknown.isAbsent(kid, now) {
		return nil
	}
	if !d.flying || !d.unknown.isAboard(kid) {
		d.unknown.ask(kid)
		d.wantLocked()
	}
	if wait <= 0 || d.waiting >= maxWaiting || !d.flying && d.dueLocked().Sub(now) >= wait {
		return nil
	}
	d.waiting++
	return d.landing
}

// waited ends what ask began.
func (d *demand) waited() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
}

// search tells how far the search for a kid that the set lacks has come.
func (d *demand) search(kid string, now time.Time) search {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.failing:
		return searchFailing
	case d.unknown.isAbsent(kid, now):
		return searchVain
	}
	return searchPending
}

// hint wants a fetch that nobody waits for: a key may have been replaced under its kid. Bad signatures are
// cheap to make, so that they cause one a minute at most.
func (d *demand) hint(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.caused) >= hintEvery {
		d.wantLocked()
	}
}

func (d *demand) wantLocked() {
	if !d.wanted {
		d.wanted = true
		d.wakeLocked()
	}
}

func (d *demand) wakeLocked() {
	select {
	case d.wake <- struct{}{}:
	default: // the loop has not looked since the last one
	}
}
