package headerguard

import (
	"testing"
	"time"
)

func TestTheFirstOfAKindInAMinuteGetsALine(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := newSampler(0, func() time.Time { return now }, func() float64 { return 0 })
	one, other := &check{name: "one"}, &check{name: "other"}
	for _, row := range []struct {
		name   string
		after  time.Duration
		faults []fault
		want   bool
	}{
		{"the first", 0, []fault{{check: one, reason: Missing}}, true},
		{"the second", time.Second, []fault{{check: one, reason: Missing}}, false},
		{"another reason", 0, []fault{{check: one, reason: Blank}}, true},
		{"another rule", 0, []fault{{check: other, reason: Blank}}, true},
		{"a new one beside an old one", 0, []fault{{check: one, reason: Missing}, {check: other, reason: Missing}}, true},
		{"all old ones", 0, []fault{{check: one, reason: Blank}, {check: other, reason: Missing}}, false},
		{"just before the minute ends", 59*time.Second - 1, []fault{{check: one, reason: Missing}}, false},
		{"when the minute has ended", 1, []fault{{check: one, reason: Missing}}, true},
		{"again", 0, []fault{{check: one, reason: Missing}}, false},
		{"when the clock was set back", -time.Hour, []fault{{check: one, reason: Missing}}, true},
	} {
		now = now.Add(row.after)
		if got := s.takes(row.faults); got != row.want {
			t.Errorf("%s: %t, want %t", row.name, got, row.want)
		}
	}
}

func TestAShareOfTheOthersGetsALine(t *testing.T) {
	dice := 0.0
	s := newSampler(0.25, time.Now, func() float64 { return dice })
	faults := []fault{{check: &check{}, reason: Missing}}
	s.takes(faults)
	for roll, want := range map[float64]bool{0: true, 0.2499: true, 0.25: false, 0.9: false} {
		if dice = roll; s.takes(faults) != want {
			t.Errorf("a roll of %v is taken: %t, want %t", roll, !want, want)
		}
	}
}

// The memory is bounded by the configuration, whatever clients send.
func TestTheSamplerForgets(t *testing.T) {
	now := time.Unix(0, 0)
	s := newSampler(0, func() time.Time { return now }, func() float64 { return 1 })
	for range 5 {
		for range 100 {
			s.takes([]fault{{check: &check{}, reason: Missing}})
		}
		if len(s.seen) > 100 {
			t.Fatalf("%d kinds are remembered", len(s.seen))
		}
		now = now.Add(time.Minute)
	}
}
