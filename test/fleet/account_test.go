package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// account is what Redis has done for one consumer. Times are microseconds since 1970, as the script has
// read and written them.
type account struct {
	calls []call
	ring  []int64 // when an exact rate admitted, once for each request
	saves []save
}

// call is one of the script.
type call struct {
	at    int64
	asked int64    // for how many requests
	days  []string // the day starts that the node sent
}

// save is what the script has put into the state: it does so where it admits, and only then.
type save struct {
	used int64 // of the day
	last int64 // when the rate admitted
}

const slot = 7 // bytes of a time in the ring

func (a *account) called(c entry) error {
	const before = 8 // the command, the script, the number of keys, two keys, tps, burst, quota
	if len(c.args) <= before {
		return fmt.Errorf("a call with %d arguments", len(c.args))
	}
	asked, err := strconv.ParseInt(c.args[before], 10, 64)
	a.calls = append(a.calls, call{at: c.at, asked: asked, days: c.args[before+1:]})
	return err
}

func (a *account) admittedInRing(slots string, at int64, clock *storeClock) error {
	for ; len(slots) >= slot; slots = slots[slot:] {
		var wrote int64
		for _, b := range []byte(slots[:slot]) {
			wrote = wrote<<8 | int64(b)
		}
		if err := clock.check(wrote, at); err != nil {
			return err
		}
		a.ring = append(a.ring, wrote)
	}
	if slots != "" {
		return fmt.Errorf("%d bytes that are no time", len(slots))
	}
	return nil
}

// owed takes note of what was debited afterwards: from the day, at no time of the rate.
func (a *account) owed(state string) error {
	used, _, _ := strings.Cut(state, " ")
	n, err := strconv.ParseInt(used, 10, 64)
	a.saves = append(a.saves, save{used: n})
	return err
}

func (a *account) saved(state string, at int64, clock *storeClock) error {
	const usedField, lastField, fields = 0, 4, 10
	words := strings.Fields(state)
	if len(words) != fields {
		return fmt.Errorf("a state of %d fields", len(words))
	}
	used, err := strconv.ParseInt(words[usedField], 10, 64)
	if err != nil {
		return err
	}
	last, err := strconv.ParseInt(words[lastField], 10, 64)
	if err != nil {
		return err
	}
	a.saves = append(a.saves, save{used: used, last: last})
	if last == 0 {
		return nil // no rate
	}
	return clock.check(last, at)
}

// byQuota returns when requests were admitted, once for each, by the used count: under any rate.
func (a *account) byQuota() (times []int64) {
	var used int64
	for _, s := range a.saves {
		for ; used < s.used; used++ {
			times = append(times, s.last)
		}
	}
	return times
}

// used is the day's count.
func (a *account) used() int64 {
	if len(a.saves) == 0 {
		return 0
	}
	return a.saves[len(a.saves)-1].used
}

func (a *account) copied() account {
	return account{calls: slices.Clone(a.calls), ring: slices.Clone(a.ring), saves: slices.Clone(a.saves)}
}

func TestAnAccountIsReadFromTheRecord(t *testing.T) {
	r := &record{accounts: map[string]*account{}}
	const state, ring = `"tollgate:{default:consumer:ann}:2:state"`, `"tollgate:{default:consumer:ann}:2:ring"`
	for _, line := range []string{
		`0.000300 [0 127.0.0.1:1] "evalsha" "5ha" "2" ` + state + ` ` + ring + ` "9" "0" "50" "3" "1" "2" "3" "4"`,
		`0.000301 [0 lua] "TIME"`,
		`0.000302 [0 lua] "SET" ` + ring + ` "\x00\x00\x00\x00\x00\x01-\x00\x00\x00\x00\x00\x01-" "EX" "4"`,
		`0.000303 [0 lua] "SET" ` + state + ` "2 0 0 5 301 0 0 9 2 0" "EX" "4"`,
		`0.000400 [0 lua] "TIME"`,
		`0.000401 [0 lua] "SET" ` + ring + ` "\x00\x00\x00\x00\x00\x01-\x00\x00\x00\x00\x00\x01-"`,
		`0.000402 [0 lua] "SETRANGE" ` + ring + ` "14" "\x00\x00\x00\x00\x00\x01\x90"`,
		`0.000403 [0 lua] "SET" ` + state + ` "3 0 0 5 400 0 0 9 3 0" "EX" "4"`,
		`0.000404 [0 127.0.0.1:1] "get" "tollgate:{generation}"`,
		`0.000500 [0 127.0.0.1:1] "evalsha" "5ha" "1" "tollgate:{nodes}" "NODE" "600"`,
		`0.000501 [0 lua] "TIME"`,
		`0.000510 [0 127.0.0.1:1] "evalsha" "5ha" "2" "tollgate:{default:consumer:ann}:probe}:2:state" "tollgate:{default:consumer:ann}:probe}:2:ring" "1000" "0" "0" "1"`,
		`0.000511 [0 lua] "SET" "tollgate:{default:consumer:ann}:probe}:2:state" "0 0 0 5 511 0 0 9 2 0" "EX" "4"`,
		`0.000520 [0 127.0.0.1:1] "evalsha" "5ha" "2" ` + state + ` "tollgate:{default:consumer:ann}:2:debt:NODE" "1" "4" "1" "2" "3600"`,
		`0.000521 [0 lua] "SET" ` + state + ` "7 0 0 5 400 0 0 9 3 0" "EX" "4"`,
		`0.000522 [0 lua] "SET" "tollgate:{default:consumer:ann}:2:debt:NODE" "1" "EX" "3600"`,
	} {
		r.note("+" + line)
	}
	want := account{
		calls: []call{{at: 300, asked: 3, days: []string{"1", "2", "3", "4"}}},
		ring:  []int64{301, 301, 400},
		saves: []save{{used: 2, last: 301}, {used: 3, last: 400}, {used: 7}},
	}
	got := *r.accounts["ann"]
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(account{}, call{}, save{})); r.wrong != nil || r.looks != 1 || diff != "" {
		t.Errorf("%v, %d looks (-want +got):\n%s", r.wrong, r.looks, diff)
	}
	if got.used() != 7 {
		t.Errorf("used %d", got.used())
	}
	got.saves = got.saves[:2] // what was debited afterwards has no times
	if diff := cmp.Diff(want.ring, got.byQuota()); diff != "" || got.used() != 3 {
		t.Errorf("used %d, times by the quota (-want +got):\n%s", got.used(), diff)
	}
}
