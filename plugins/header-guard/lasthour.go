package headerguard

import (
	"cmp"
	"slices"
	"time"
)

// minutes is over how many minutes verdicts are counted for operators.
const minutes = 60

// finding is what of a fault an operator asks for first. Its members are fixed words, so that there are few.
type finding struct {
	reason Reason
	place  Place
	mode   string
}

// lastHour counts findings by the minute. A request without a fault does not touch it.
type lastHour struct {
	byMinute [minutes]minute
}

// minute is one of the clock, and what was found in it.
type minute struct {
	number int64 // since 1970
	found  map[finding]int64
}

// add counts a finding. A minute that is over an hour old makes room for the one that takes its place.
func (h *lastHour) add(f finding, now time.Time) {
	number := minuteOf(now)
	m := &h.byMinute[number%minutes]
	if m.found == nil || m.number != number {
		m.number, m.found = number, map[finding]int64{}
	}
	m.found[f]++
}

// sum adds up the minute under way and the fifty-nine before it.
func (h *lastHour) sum(now time.Time) map[finding]int64 {
	last, all := minuteOf(now), map[finding]int64{}
	for i := range h.byMinute {
		if m := &h.byMinute[i]; m.number <= last && last-m.number < minutes {
			for f, n := range m.found {
				all[f] += n
			}
		}
	}
	return all
}

func minuteOf(now time.Time) int64 { return now.Unix() / int64(time.Minute/time.Second) }

// hourReport is the plugin's section of /status.
type hourReport struct {
	// LastHour are the faults of the last sixty minutes of the clock, the one under way included: the most
	// frequent first.
	LastHour []findingReport `json:"last_hour"`
}

type findingReport struct {
	Reason Reason `json:"reason"`
	Place  Place  `json:"place"`
	Mode   string `json:"mode"`
	Count  int64  `json:"count"`
}

func reportOf(found map[finding]int64) hourReport {
	r := hourReport{LastHour: []findingReport{}}
	for f, n := range found {
		r.LastHour = append(r.LastHour, findingReport{f.reason, f.place, f.mode, n})
	}
	slices.SortFunc(r.LastHour, func(a, b findingReport) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Mode, b.Mode))
	})
	return r
}
