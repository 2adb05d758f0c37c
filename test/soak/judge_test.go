package soak

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// measure is one thing that must not grow.
type measure struct {
	name  string
	of    func(sample) int
	slack int // what may come on top of a quarter, for what happens to be there at the time
	unit  int
}

// slack is in the same units as a sample: connections, and what hangs on them, come and go with the traffic.
func slack() sample {
	return sample{goroutines: 25, files: 25, resident: 16 << 20, heap: 4 << 20, instances: 8, connected: 25, redisKeys: 20}
}

func measures() []measure {
	const one, mebibyte = 1, 1 << 20
	s := slack()
	return []measure{
		{"goroutines", func(s sample) int { return s.goroutines }, s.goroutines, one},
		{"open files", func(s sample) int { return s.files }, s.files, one},
		{"resident MiB", func(s sample) int { return s.resident }, s.resident, mebibyte},
		{"live heap MiB", func(s sample) int { return s.heap }, s.heap, mebibyte},
		{"instances", func(s sample) int { return s.instances }, s.instances, one},
		{"connections", func(s sample) int { return s.connected }, s.connected, one},
		{"keys in Redis", func(s sample) int { return s.redisKeys }, s.redisKeys, one},
		{"parent's open files", func(s sample) int { return s.parent.files }, s.files, one},
		{"parent's resident MiB", func(s sample) int { return s.parent.resident }, s.resident, mebibyte},
	}
}

// judge compares the median of the last third with that of the middle third: it may be a quarter more, and the
// measure's slack. A leak of one for each request is hundreds by then.
func judge(samples []sample) []string {
	const few = 9
	if len(samples) < few {
		return []string{fmt.Sprintf("only %d samples were taken", len(samples))}
	}
	third := len(samples) / 3
	var faults []string
	for _, m := range measures() {
		middle, last := m.median(samples[third:2*third]), m.median(samples[2*third:])
		if most := middle + middle/4 + m.slack; last > most {
			faults = append(faults, fmt.Sprintf("%s: %d in the last third, %d in the middle, at most %d", m.name, last, middle, most))
		}
	}
	return faults
}

func (m measure) median(samples []sample) int {
	values := make([]int, 0, len(samples))
	for _, s := range samples {
		values = append(values, m.of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func TestJudgeFindsWhatGrowsWithTheTraffic(t *testing.T) {
	var flat, growing []sample
	for i := range 24 {
		at := time.Duration(i) * 2 * time.Second
		flat = append(flat, sample{at: at, goroutines: 40 + i%7, heap: 34 << 20, connected: 6 - i%5})
		growing = append(growing, sample{at: at, goroutines: 40 + i*20, heap: 34<<20 + i<<22})
	}
	if faults := judge(flat); len(faults) != 0 {
		t.Errorf("found %q where nothing grows", faults)
	}
	faults := strings.Join(judge(growing), "\n")
	for _, want := range []string{"goroutines: ", "live heap MiB: "} {
		if !strings.Contains(faults, want) {
			t.Errorf("no word of %s in %q", want, faults)
		}
	}
}
