package jwksverify

import (
	"hash/maphash"
	"time"
)

const (
	// unknownFor is how long a kid is remembered that a fresh set lacked, and causes no fetch. A kid that
	// is nobody's costs the provider two fetches a minute at most, as many as a failure does (lastRetry).
	// A provider that signs with a key before it shows it, or shows it in one place before another, has
	// that key found half a minute later, or by the regular refresh where that comes sooner. It is shorter
	// than any jwks_max_stale_seconds: a kid is not remembered of a set that has become too old.
	unknownFor = 30 * time.Second
	// maxUnknown bounds the kids of each stage that are remembered for one source, some 400 KB in all.
	maxUnknown = 4096
)

// unknownKids are the kids that requests brought and the set lacks, in the stages that they go through: they
// are asked for, a fetch takes off to look for them, and where its set lacks them they are absent for a
// time. A kid that is not remembered for want of room costs no more than the fetches that demand allows, and
// counts as one that nobody has looked for.
type unknownKids struct {
	seed   maphash.Seed
	asked  map[uint64]struct{}
	aboard map[uint64]struct{} // of the fetch under way
	absent map[uint64]time.Time
}

func newUnknownKids() unknownKids {
	return unknownKids{maphash.MakeSeed(), map[uint64]struct{}{}, map[uint64]struct{}{}, map[uint64]time.Time{}}
}

func (u *unknownKids) sum(kid string) uint64 { return maphash.String(u.seed, kid) }

// isAbsent tells whether a set lacked the kid that was fetched for it a short while ago.
func (u *unknownKids) isAbsent(kid string, now time.Time) bool {
	return now.Before(u.absent[u.sum(kid)])
}

// isAboard tells whether the fetch under way took off to look for the kid.
func (u *unknownKids) isAboard(kid string) bool {
	_, ok := u.aboard[u.sum(kid)]
	return ok
}

// ask has the next fetch look for the kid.
func (u *unknownKids) ask(kid string) { u.askSum(u.sum(kid)) }

func (u *unknownKids) askSum(sum uint64) {
	if len(u.asked) < maxUnknown {
		u.asked[sum] = struct{}{}
	}
}

// takeOff has the fetch that begins look for what was asked.
func (u *unknownKids) takeOff() { u.asked, u.aboard = u.aboard, u.asked }

// areAsked tells whether the next fetch is to look for any kid.
func (u *unknownKids) areAsked() bool { return len(u.asked) > 0 }

// settle is told of the kids of the set that was fetched.
func (u *unknownKids) settle(published map[string]bool, now time.Time) {
	for kid := range published {
		delete(u.aboard, u.sum(kid))
		delete(u.asked, u.sum(kid))
	}
	for sum := range u.aboard {
		u.remember(sum, now)
	}
	clear(u.aboard)
}

// retry has the next fetch look for what this one did, which failed.
func (u *unknownKids) retry() {
	for sum := range u.aboard {
		u.askSum(sum)
	}
	clear(u.aboard)
}

// remember drops any other where there is no room.
func (u *unknownKids) remember(sum uint64, now time.Time) {
	if len(u.absent) >= maxUnknown {
		for other := range u.absent {
			delete(u.absent, other)
			break
		}
	}
	u.absent[sum] = now.Add(unknownFor)
}
