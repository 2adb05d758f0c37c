package jwksverify

import (
	"fmt"
	"testing"
	"time"
)

// moment is a time of a demand's timeline.
func moment(seconds float64) time.Time {
	return fetchedAt.Add(time.Duration(seconds * float64(time.Second)))
}

// rested is a demand whose first fetch has ended at 0, and whose next is due at 300.
func rested() *demand {
	d := newDemand()
	d.takeOff(moment(-0.1))
	d.land(moment(300), true)
	return d
}

func TestDemandBringsTheNextFetchForward(t *testing.T) {
	for name, row := range map[string]struct {
		steps func(*demand)
		due   float64
	}{
		"nobody asked":                 {func(*demand) {}, 300},
		"the first request is at once": {func(d *demand) { d.ask("a", moment(1), testWait) }, -1e9},
		"a second waits for the cool-down, with whatever kid": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.land(moment(310), false)
			d.ask("b", moment(11), testWait)
		}, 15},
		"who asked while it was under way, too": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.ask("b", moment(10.01), testWait)
			d.land(moment(310), false)
		}, 15},
		"another set answers those who asked on its way": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.ask("b", moment(10.01), testWait)
			d.land(moment(310), true)
		}, 310},
		"who asked before is served": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.land(moment(310), false)
		}, 310},
		"a regular fetch costs no cool-down": {func(d *demand) {
			d.takeOff(moment(10))
			d.land(moment(310), false)
			d.ask("a", moment(11), testWait)
		}, -1e9},
		"a retry after a failure comes sooner than the cool-down": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.land(moment(11), false)
			d.ask("b", moment(10.5), testWait)
		}, 11},
	} {
		d := rested()
		row.steps(d)
		if got := d.due(); row.due < 0 && got.After(moment(0)) || row.due >= 0 && !got.Equal(moment(row.due)) {
			t.Errorf("%s: due %s after the start", name, got.Sub(moment(0)))
		}
	}
}

func TestWhoWaits(t *testing.T) {
	for name, row := range map[string]struct {
		steps func(*demand)
		now   float64
		wait  time.Duration
		want  bool
	}{
		"whose fetch is at once":                   {func(*demand) {}, 1, testWait, true},
		"who is not to wait":                       {func(*demand) {}, 1, 0, false},
		"during the cool-down it could not last":   {caused(false), 11, testWait, false},
		"at the end of the cool-down it can":       {caused(false), 14.6, testWait, true},
		"while one is under way":                   {func(d *demand) { d.takeOff(moment(10)) }, 10.1, testWait, true},
		"not with a kid that a fresh set lacked":   {caused(true), 15, testWait, false},
		"with that kid again after a while":        {caused(true), 71, testWait, true},
		"with that kid after another set has come": {func(d *demand) { caused(true)(d); d.takeOff(moment(16)); d.land(moment(316), true) }, 17, testWait, true},
	} {
		d := rested()
		row.steps(d)
		if got := d.ask("a", moment(row.now), row.wait) != nil; got != row.want {
			t.Errorf("%s: waits is %t", name, got)
		}
		if !d.wanted {
			t.Errorf("%s: the set is not to be fetched anew", name)
		}
	}
}

// caused is a fetch that the kid a caused at 10, at once and without another set.
func caused(remembered bool) func(*demand) {
	return func(d *demand) {
		d.ask("a", moment(10), testWait)
		d.takeOff(moment(10))
		d.land(moment(310), false)
		d.waited("a", moment(10), remembered)
	}
}

func TestOnlySoManyWait(t *testing.T) {
	d := rested()
	for i := range maxWaiting {
		if d.ask(fmt.Sprint(i), moment(1), testWait) == nil {
			t.Fatalf("request %d does not wait", i)
		}
	}
	if d.ask("one more", moment(1), testWait) != nil {
		t.Error("one more waits")
	}
	d.waited("0", moment(1), false)
	if d.ask("one more", moment(1), testWait) == nil {
		t.Error("there is room again, and it does not wait")
	}
}

func TestUnknownKidsAreBoundedInNumberAndTime(t *testing.T) {
	u := newUnknownKids()
	for i := range 3 * maxUnknown {
		u.add(fmt.Sprint(i), moment(0))
	}
	if len(u.until) != maxUnknown {
		t.Errorf("%d kids are remembered", len(u.until))
	}
	u.add("last", moment(0))
	if !u.has("last", moment(59)) || u.has("last", moment(60)) || u.has("another", moment(0)) {
		t.Error("a kid is forgotten too soon or too late, or taken for another")
	}
}
