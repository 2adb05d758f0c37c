package headerguard

import (
	"sync"
	"time"
)

// sampler chooses which audited requests get a line in Kong's log.
type sampler struct {
	share  float64
	now    func() time.Time
	random func() float64 // in [0, 1)

	mu    sync.Mutex
	since time.Time
	seen  map[kind]bool // in the minute since then; as many as there are checks and reasons, at most
}

// kind is what an operator would want to see one of.
type kind struct {
	check  *check
	reason Reason
}

func newSampler(share float64, now func() time.Time, random func() float64) *sampler {
	return &sampler{share: share, now: now, random: random, seen: map[kind]bool{}}
}

// takes tells whether a request with these faults gets a line: the first of its kind in a minute does.
func (s *sampler) takes(faults []fault) bool {
	if s.first(faults) {
		return true
	}
	return s.share > 0 && s.random() < s.share
}

// first notes the kinds, and tells whether one of them is new.
func (s *sampler) first(faults []fault) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.since); age >= time.Minute || age < 0 { // the clock may have been set back
		s.since = now
		clear(s.seen)
	}
	fresh := false
	for i := range faults {
		k := kind{faults[i].check, faults[i].reason}
		fresh = fresh || !s.seen[k]
		s.seen[k] = true
	}
	return fresh
}
