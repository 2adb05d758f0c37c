package span

import (
	"slices"
	"testing"
	"time"
)

func TestMostCountsThoseThatLieWithinASecond(t *testing.T) {
	at := func(from, to time.Duration) Span {
		return Span{time.Unix(0, int64(from)), time.Unix(0, int64(to))}
	}
	const ms = time.Millisecond
	for _, row := range []struct {
		name string
		all  []Span
		want int
	}{
		{"none", nil, 0},
		{"three in a second", []Span{at(0, 10*ms), at(500*ms, 510*ms), at(990*ms, 999*ms)}, 3},
		{"the last may have been later", []Span{at(0, 10*ms), at(500*ms, 510*ms), at(990*ms, 1000*ms)}, 2},
		{"a second that begins with a later one", []Span{at(0, 1*ms), at(600*ms, 601*ms), at(1300*ms, 1301*ms), at(1500*ms, 1501*ms)}, 3},
		{"one that began before the second", []Span{at(0, 900*ms), at(100*ms, 200*ms), at(950*ms, 1050*ms)}, 2},
	} {
		slices.Reverse(row.all) // their order does not matter
		if got := Most(row.all); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}
