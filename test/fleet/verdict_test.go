package fleet

import (
	"slices"
	"testing"
)

// loosest is what the requests of one consumer may get at most, where servers with several limits alternate.
func loosest(of []limits) limits {
	var most limits
	var atOnce int64
	for _, l := range of {
		most.TPS, most.Burst, most.Quota = max(most.TPS, l.TPS), max(most.Burst, l.Burst), max(most.Quota, l.Quota)
		if l.Burst == 0 {
			atOnce = max(atOnce, l.TPS)
		}
	}
	if most.Burst > 0 {
		most.Burst = max(most.Burst, atOnce)
	}
	return most
}

// judge holds what Redis admitted to the limits, and what the clients saw to what Redis admitted.
func judge(t *testing.T, consumer string, a account, of limits, seen int64) {
	t.Helper()
	times := a.ring
	if of.Quota > 0 {
		times = a.byQuota()
	}
	if int64(len(times)) != seen {
		t.Errorf("%s: redis admitted %d, the clients saw %d pass", consumer, len(times), seen)
	}
	if of.Quota > 0 && seen > of.Quota {
		t.Errorf("%s: %d admitted of a day's %d", consumer, seen, of.Quota)
	}
	var err error
	switch {
	case of.Burst > 0:
		err = poured(times, of.Burst, of.TPS)
	case of.TPS > 0:
		err = crowded(times, of.TPS)
		if !slices.Equal(times, a.ring) {
			t.Errorf("%s: the ring holds other admissions than the day", consumer)
		}
	}
	if err != nil {
		t.Errorf("%s: %v", consumer, err)
	}
}
