package jwksverify

import (
	"sync"
	"time"
)

// terms are what one lease asks of its source's fetches.
type terms struct{ refresh, maxStale, timeout time.Duration }

// agreement is what the leases of one source come to together. Without leases the last ones' terms stay, for
// the time that the keys are kept warm.
type agreement struct {
	mu     sync.Mutex
	leases map[terms]int
	agreed terms
	// patience is the longest maxStale of the leases.
	patience time.Duration
}

// newAgreement starts with the terms of a lease that is to come.
func newAgreement(first terms) *agreement {
	return &agreement{leases: map[terms]int{}, agreed: first, patience: first.maxStale}
}

func (a *agreement) join(t terms) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leases[t]++
	a.agreeLocked()
}

func (a *agreement) leave(t terms) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leases[t]--; a.leases[t] == 0 {
		delete(a.leases, t)
	}
	a.agreeLocked()
}

// current are the terms as they stand: the shortest refresh, so that nobody's keys are older than they may
// be; the longest timeout, because whoever set it has a provider that needs it, and no request waits for
// that long; the shortest staleness, as from then on somebody goes without keys. That one is for those who
// look on, each lease judges by its own.
func (a *agreement) current() terms {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.agreed
}

// starving tells for whom a set of that age is too old.
func (a *agreement) starving(age time.Duration) starving {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case age > a.patience:
		return starvingAll
	case age > a.agreed.maxStale:
		return starvingSome
	}
	return starvingNone
}

func (a *agreement) agreeLocked() {
	first := true
	for t := range a.leases {
		if first {
			a.agreed, a.patience, first = t, t.maxStale, false
			continue
		}
		a.patience = max(a.patience, t.maxStale)
		a.agreed = terms{
			refresh:  min(a.agreed.refresh, t.refresh),
			maxStale: min(a.agreed.maxStale, t.maxStale),
			timeout:  max(a.agreed.timeout, t.timeout),
		}
	}
}
