package jwksverify

import (
	"fmt"
	"testing"
)

func TestUnknownKidsAreBoundedInNumberAndTime(t *testing.T) {
	u := newUnknownKids()
	for round := range 3 {
		for i := range 3 * maxUnknown {
			u.ask(fmt.Sprint(round, i))
		}
		u.takeOff()
		for i := range 3 * maxUnknown {
			u.ask(fmt.Sprint("on the way", round, i))
		}
		if round == 1 {
			u.retry()
			u.takeOff()
		}
		u.settle(map[string]bool{"b": true}, moment(0))
		if len(u.asked) > maxUnknown || len(u.aboard) != 0 || len(u.absent) > maxUnknown {
			t.Fatalf("%d kids are asked for, %d aboard, %d absent", len(u.asked), len(u.aboard), len(u.absent))
		}
	}
	u = newUnknownKids()
	u.ask("a")
	u.ask("b")
	u.takeOff()
	if !u.isAboard("a") || u.isAboard("c") {
		t.Error("the fetch does not look for the kid, or for another")
	}
	u.ask("b") // on the way
	u.settle(map[string]bool{"b": true}, moment(0))
	if u.areAsked() {
		t.Error("a kid that came is asked for still")
	}
	if !u.isAbsent("a", moment(29)) || u.isAbsent("a", moment(30)) {
		t.Error("a kid is forgotten too soon or too late")
	}
	if u.isAbsent("b", moment(0)) || u.isAbsent("c", moment(0)) {
		t.Error("a kid that is published, or that nobody asked for, is absent")
	}
}
