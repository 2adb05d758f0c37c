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

// lands ends a fetch with the same set as before.
func (d *demand) lands(at, next float64) { d.landsSet(at, next, false) }

func (d *demand) landsSet(at, next float64, changed bool, kids ...string) {
	set := &keySet{kids: map[string]bool{}}
	for _, kid := range kids {
		set.kids[kid] = true
	}
	d.land(landed{at: moment(at), next: moment(next), set: set, changed: changed})
}

func (d *demand) fails(at, next float64) { d.land(landed{at: moment(at), next: moment(next)}) }

// rested is a demand whose first fetch has ended at 0, and whose next is due at 300.
func rested() *demand {
	d := newDemand()
	d.takeOff(moment(-0.1))
	d.landsSet(0, 300, true)
	return d
}

// absent is a kid that a fetch at 10 looked for in vain.
func absent(d *demand) {
	d.ask("a", moment(10), testWait)
	d.takeOff(moment(10))
	d.lands(10, 310)
}

func TestDemandBringsTheNextFetchForward(t *testing.T) {
	const overdue = -1
	for name, row := range map[string]struct {
		steps func(*demand)
		due   float64
	}{
		"nobody asked":                 {func(*demand) {}, 300},
		"the first request is at once": {func(d *demand) { d.ask("a", moment(1), testWait) }, overdue},
		"a second waits for the cool-down, with whatever kid": {func(d *demand) {
			absent(d)
			d.ask("b", moment(11), testWait)
		}, 15},
		"who asked while it was under way, too": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.ask("b", moment(10.01), testWait)
			d.lands(10.02, 310)
		}, 15},
		"not who asked for what it looks for": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.ask("a", moment(10.01), testWait)
			d.lands(10.02, 310)
		}, 310},
		"another set answers those who asked on its way for a kid that it has": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.ask("b", moment(10.01), testWait)
			d.landsSet(10.02, 310, true, "b")
		}, 310},
		"not those who asked for another": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.ask("b", moment(10.01), testWait)
			d.ask("c", moment(10.01), 0)
			d.landsSet(10.02, 310, true, "b")
		}, 15},
		"it answers a doubt on its way": {func(d *demand) {
			d.takeOff(moment(100))
			d.hint(moment(100.01))
			d.landsSet(100.02, 400, true)
		}, 400},
		"who asked before is served": {absent, 310},
		"a regular fetch costs no cool-down": {func(d *demand) {
			d.takeOff(moment(10))
			d.lands(10, 310)
			d.ask("a", moment(11), testWait)
		}, overdue},
		"a retry after a failure comes sooner than the cool-down": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.fails(10, 11)
			d.ask("b", moment(10.5), testWait)
		}, 11},
		"a kid that was looked for in vain does not": {func(d *demand) {
			absent(d)
			for s := 10.1; s < 40; s++ {
				d.ask("a", moment(s), testWait)
			}
		}, 310},
		"nor where nobody waits for the answer": {func(d *demand) {
			d.ask("a", moment(10), 0)
			d.takeOff(moment(10))
			d.lands(10, 310)
			d.ask("a", moment(20), 0)
		}, 310},
		"nor where another set came that lacks it as well": {func(d *demand) {
			absent(d)
			d.takeOff(moment(12))
			d.landsSet(12, 312, true, "b")
			d.ask("a", moment(20), testWait)
		}, 312},
		"that kid does again after a while": {func(d *demand) {
			absent(d)
			d.ask("a", moment(40), testWait)
		}, 15},
		"a kid whose fetch failed does": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.fails(10, 40)
			d.ask("a", moment(20), testWait)
		}, 15},
		"not once the retry has looked for it": {func(d *demand) {
			d.ask("a", moment(10), testWait)
			d.takeOff(moment(10))
			d.fails(10, 11)
			d.takeOff(moment(11))
			d.lands(11, 311)
			d.ask("a", moment(20), testWait)
		}, 311},
		"a regular fetch looks for what was asked, too": {func(d *demand) {
			absent(d)
			d.ask("b", moment(11), testWait)
			d.takeOff(moment(12))
			d.lands(12, 312)
			d.ask("b", moment(20), testWait)
		}, 312},
		"shorter terms do":                 {func(d *demand) { d.sooner(moment(50)) }, 50},
		"longer terms do not put it off":   {func(d *demand) { d.sooner(moment(500)) }, 300},
		"terms do not hurry a retry":       {func(d *demand) { d.takeOff(moment(10)); d.fails(10, 40); d.sooner(moment(5)) }, 40},
		"terms wait for one under way":     {func(d *demand) { d.takeOff(moment(10)); d.sooner(moment(5)); d.lands(10, 310) }, 310},
		"a doubt about a key is at once":   {func(d *demand) { d.hint(moment(1)) }, overdue},
		"the next doubt waits its time":    {func(d *demand) { absent(d); d.hint(moment(69)) }, 310},
		"it does not wait for longer":      {func(d *demand) { absent(d); d.hint(moment(70)) }, 15},
		"a request wakes who waits longer": {func(d *demand) { d.ask("a", moment(1), testWait); <-d.wake }, overdue},
		"and so do shorter terms":          {func(d *demand) { d.sooner(moment(50)); <-d.wake }, 50},
	} {
		t.Run(name, func(t *testing.T) {
			d := rested()
			row.steps(d)
			if got := d.due(); row.due == overdue && got.After(moment(0)) || row.due != overdue && !got.Equal(moment(row.due)) {
				t.Errorf("due %s after the start", got.Sub(moment(0)))
			}
		})
	}
}

func TestWhoWaits(t *testing.T) {
	cooling := func(d *demand) { d.ask("b", moment(10), testWait); d.takeOff(moment(10)); d.lands(10, 310) }
	for name, row := range map[string]struct {
		steps func(*demand)
		now   float64
		wait  time.Duration
		want  bool
	}{
		"whose fetch is at once":                 {func(*demand) {}, 1, testWait, true},
		"who is not to wait":                     {func(*demand) {}, 1, 0, false},
		"during the cool-down it could not last": {cooling, 11, testWait, false},
		"at the end of the cool-down it can":     {cooling, 14.6, testWait, true},
		"while one is under way":                 {func(d *demand) { d.takeOff(moment(10)) }, 10.1, testWait, true},
		"not with a kid that a fresh set lacked": {absent, 15, testWait, false},
		"with that kid again after a while":      {absent, 40, testWait, true},
		"after a failure, as after any":          {func(d *demand) { d.takeOff(moment(10)); d.fails(10, 40) }, 15, testWait, true},
	} {
		d := rested()
		row.steps(d)
		if got := d.ask("a", moment(row.now), row.wait) != nil; got != row.want {
			t.Errorf("%s: waits is %t", name, got)
		}
	}
}

func TestHowFarTheSearchForAKidHasCome(t *testing.T) {
	recovers := func(d *demand) { d.takeOff(moment(11)); d.fails(11, 12); d.takeOff(moment(12)); d.lands(12, 312) }
	for name, row := range map[string]struct {
		steps func(*demand)
		now   float64
		want  search
	}{
		"it has not begun before the first fetch":       {func(d *demand) { *d = *newDemand() }, 1, searchPending},
		"nor does a fresh set tell of a kid since then": {func(*demand) {}, 0.001, searchPending},
		"nor one that was on its way when the kid came up": {func(d *demand) {
			d.takeOff(moment(10))
			d.ask("a", moment(10.01), testWait)
			d.lands(10.02, 310)
		}, 10.03, searchPending},
		"nor one that was, and brought another set": {func(d *demand) {
			d.takeOff(moment(10))
			d.ask("a", moment(10.01), testWait)
			d.landsSet(10.02, 310, true, "b")
		}, 10.03, searchPending},
		"nor one for another kid": {func(d *demand) {
			d.ask("b", moment(10), testWait)
			d.takeOff(moment(10))
			d.lands(10.02, 310)
			d.ask("a", moment(10.03), testWait)
		}, 10.04, searchPending},
		"it lasts as long as the fetch for it": {func(d *demand) { d.ask("a", moment(10), testWait); d.takeOff(moment(10)) }, 10.1, searchPending},
		"it ends with that":                    {absent, 10, searchVain},
		"it ends with a regular fetch that took off later than the request": {func(d *demand) {
			absent(d)
			d.ask("b", moment(11), testWait)
			d.takeOff(moment(12))
			d.lands(12, 312)
		}, 12, searchVain},
		"it has ended for a while":                   {absent, 39.9, searchVain},
		"it begins anew after that":                  {absent, 40, searchPending},
		"a failure tells nothing":                    {func(d *demand) { d.takeOff(moment(1)); d.fails(1, 2) }, 2, searchFailing},
		"not even where it has ended":                {func(d *demand) { absent(d); d.takeOff(moment(11)); d.fails(11, 12) }, 12, searchFailing},
		"a recovery leaves what has ended":           {func(d *demand) { absent(d); recovers(d) }, 13, searchVain},
		"a recovery ends what a failure did not":     {func(d *demand) { d.ask("a", moment(10), testWait); recovers(d) }, 13, searchVain},
		"a recovery tells nothing of other kids":     {recovers, 13, searchPending},
		"one that is under way is as the one before": {func(d *demand) { d.takeOff(moment(1)); d.fails(1, 2); d.takeOff(moment(2)) }, 2, searchFailing},
	} {
		t.Run(name, func(t *testing.T) {
			d := rested()
			row.steps(d)
			if got := d.search("a", moment(row.now)); got != row.want {
				t.Errorf("search is %d, want %d", got, row.want)
			}
		})
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
	if got := d.search("one more", moment(1)); got != searchPending {
		t.Errorf("who does not wait is told that the search is %d", got)
	}
	d.waited()
	if d.ask("one more", moment(1), testWait) == nil {
		t.Error("there is room again, and it does not wait")
	}
}
