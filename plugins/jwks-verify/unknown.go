package jwksverify

import (
	"hash/maphash"
	"time"
)

const (
	// unknownFor is how long a kid is remembered that a fresh set lacked.
	unknownFor = time.Minute
	// maxUnknown bounds the kids remembered for one source, some 100 KB.
	maxUnknown = 4096
)

// unknownKids remembers kids that a fresh set lacked, so that a request that brings one again does not
// wait. It decides about waiting alone: each unknown kid has the set fetched anew at the next chance, so
// that a kid that was guessed before its key was published is found like any other.
type unknownKids struct {
	seed  maphash.Seed
	until map[uint64]time.Time
}

func newUnknownKids() unknownKids {
	return unknownKids{maphash.MakeSeed(), map[uint64]time.Time{}}
}

func (u unknownKids) has(kid string, now time.Time) bool {
	return now.Before(u.until[maphash.String(u.seed, kid)])
}

// add drops any other where there is no room.
func (u unknownKids) add(kid string, now time.Time) {
	if len(u.until) >= maxUnknown {
		for other := range u.until {
			delete(u.until, other)
			break
		}
	}
	u.until[maphash.String(u.seed, kid)] = now.Add(unknownFor)
}

func (u unknownKids) clear() { clear(u.until) }
