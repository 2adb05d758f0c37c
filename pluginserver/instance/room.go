package instance

import (
	"math"
	"time"
)

// startedFor is how long an instance may wait for its first event before it may make room for another. Kong
// starts one because it has an event for it, and sends that at once.
const startedFor = time.Second

// place gives an instance an id and its slot, and a full table room for it.
func (t *Table) place(inst *Instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Len() == len(t.slots) {
		t.clear(t.leastUsed(inst.Started))
		t.dropped.Add(1)
	}
	for t.slot(t.nextID).Load() != nil {
		t.advanceID()
	}
	inst.ID = t.nextID
	t.advanceID()
	t.slot(inst.ID).Store(inst)
	t.taken.Add(1)
	inst.last.Store(t.starts.Add(1))
}

// advanceID steps through 1 to MaxInt32.
func (t *Table) advanceID() { t.nextID = t.nextID%math.MaxInt32 + 1 }

// leastUsed is the instance of a full table that Kong will miss least: one that no event came for, or none for
// long, else the one whose last event is the longest ago. It looks at those that were started first, from the next
// id's slot on, and at no more than some of them.
func (t *Table) leastUsed(now time.Time) *Instance {
	const looked = 64
	var least *Instance
	for i := range min(looked, len(t.slots)) {
		inst := t.slots[(int(t.nextID)+i)%len(t.slots)].Load()
		if use := inst.use.Load(); use == unused || use == started && now.Sub(inst.Started) >= startedFor {
			return inst
		}
		if least == nil || inst.last.Load() < least.last.Load() {
			least = inst
		}
	}
	return least
}

// dropStarted drops all instances that have waited for their first event for too long.
func (t *Table) dropStarted(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each(func(inst *Instance) {
		if inst.use.Load() == started && now.Sub(inst.Started) >= startedFor {
			t.clear(inst)
			t.dropped.Add(1)
		}
	})
}

// sweepUntilStopped drops instances that were not used between two sweeps.
func (t *Table) sweepUntilStopped() {
	defer t.stopped.Done()
	ticker := time.NewTicker(t.options.Idle)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.sweep()
		case <-t.stop:
			return
		}
	}
}

func (t *Table) sweep() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each(func(inst *Instance) {
		if inst.use.Swap(unused) == unused {
			t.clear(inst)
		}
	})
}
