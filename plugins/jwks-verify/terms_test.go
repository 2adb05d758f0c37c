package jwksverify

import (
	"testing"
	"time"
)

func TestLeasesAgreeOnTerms(t *testing.T) {
	const minute, hour = time.Minute, time.Hour
	quick := terms{refresh: minute, maxStale: 2 * hour, timeout: time.Second}
	slow := terms{refresh: hour, maxStale: 3 * hour, timeout: 20 * time.Second}
	strict := terms{refresh: 2 * minute, maxStale: 5 * minute, timeout: 5 * time.Second}
	a := newAgreement(slow)
	for _, step := range []struct {
		name string
		do   func()
		want terms
	}{
		{"before anyone has joined, those of the first", func() {}, slow},
		{"one has its own", func() { a.join(slow) }, slow},
		{"two: the shortest refresh, the longest timeout", func() { a.join(quick) }, terms{minute, 2 * hour, 20 * time.Second}},
		{"a third: the shortest staleness", func() { a.join(strict) }, terms{minute, 5 * minute, 20 * time.Second}},
		{"the same twice change nothing", func() { a.join(quick) }, terms{minute, 5 * minute, 20 * time.Second}},
		{"one of the two leaves, the other stays", func() { a.leave(quick) }, terms{minute, 5 * minute, 20 * time.Second}},
		{"the other leaves", func() { a.leave(quick) }, terms{2 * minute, 5 * minute, 20 * time.Second}},
		{"one is left", func() { a.leave(slow) }, strict},
		{"nobody is left", func() { a.leave(strict) }, strict},
		{"another comes, alone", func() { a.join(slow) }, slow},
	} {
		step.do()
		if got := a.current(); got != step.want {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
}

func TestForWhomASetIsTooOld(t *testing.T) {
	const minute = time.Minute
	strict, patient := terms{maxStale: 10 * minute}, terms{maxStale: 60 * minute}
	a := newAgreement(strict)
	for _, step := range []struct {
		name string
		do   func()
		age  time.Duration
		want starving
	}{
		{"before anyone has joined, by the first's", func() {}, 10*minute + 1, starvingAll},
		{"one alone, at its limit", func() { a.join(strict) }, 10 * minute, starvingNone},
		{"one alone, beyond it", func() {}, 10*minute + 1, starvingAll},
		{"one of two", func() { a.join(patient) }, 10*minute + 1, starvingSome},
		{"one of two, up to the other's limit", func() {}, 60 * minute, starvingSome},
		{"both", func() {}, 60*minute + 1, starvingAll},
		{"neither", func() {}, 10 * minute, starvingNone},
		{"the patient one alone", func() { a.leave(strict) }, 10*minute + 1, starvingNone},
		{"the strict one again, alone", func() { a.leave(patient); a.join(strict) }, 10*minute + 1, starvingAll},
	} {
		step.do()
		if got := a.starving(step.age); got != step.want {
			t.Errorf("%s: %d, want %d", step.name, got, step.want)
		}
	}
}
