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
	// certainFor is how long after a good fetch the set tells which keys there are not. In a storm of
	// unknown kids there is a good one in each coolDown, as long as the provider answers within another.
	certainFor = 2 * coolDown
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

	mu        sync.Mutex
	flying    bool
	wanted    bool          // a request has missed something that no fetch since has brought
	landing   chan struct{} // closes when the fetch under way ends, or the next where none is
	caused    time.Time     // when the last fetch took off that requests caused
	next      time.Time     // when the next fetch takes off unless requests want one sooner
	confirmed time.Time     // when the last good fetch ended
	failing   bool          // the last fetch was not good
	waiting   int
	unknown   unknownKids
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

// land marks the end of a fetch. One that brought another set answers also those that asked on its way:
// who still misses a kid asks again.
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
	d.confirmed = l.at
	d.unknown.settle(l.set.kids, l.at)
	if l.changed {
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
// It returns what closes when that has ended, nil where the request is not to wait: it could not last, or
// has the answer already. Who waits calls waited in the end.
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

// certain tells whether a kid that the set lacks is one that the provider has no key for. Nobody can say so
// while its set cannot be fetched, or was not since the kid came up.
func (d *demand) certain(kid string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.failing && (now.Sub(d.confirmed) <= certainFor || d.unknown.isAbsent(kid, now))
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
