package tieredlimit

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // for images without a zone database
)

// calendar tells where the days of one time zone begin.
type calendar struct {
	zone *time.Location
	// last is what around returned last: it holds for a day.
	last atomic.Pointer[dayStarts]
}

// dayStarts are the starts, in seconds since 1970, of four consecutive days: of the day before, the day,
// and the two that follow.
type dayStarts [4]int64

// around returns the starts of the day that holds now and of those about it.
func (c *calendar) around(now time.Time) *dayStarts {
	at := now.Unix()
	if last := c.last.Load(); last != nil && last[1] <= at && at < last[2] {
		return last
	}
	year, month, day := now.In(c.zone).Date()
	const about = 3 // a day that a zone has skipped, as Samoa did at the date line, leaves enough of them
	var starts []int64
	for d := -about; d <= about; d++ {
		starts = append(starts, startOfDay(year, month, day+d, c.zone).Unix())
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	next, _ := slices.BinarySearch(starts, at+1)
	found := dayStarts(starts[next-2 : next+2])
	c.last.Store(&found)
	return &found
}

// day returns the start of the day that holds now, and that of the next.
func (c *calendar) day(now time.Time) (from, to time.Time) {
	starts := c.around(now)
	return time.Unix(starts[1], 0), time.Unix(starts[2], 0)
}

// startOfDay is the first instant of a date. Where daylight saving begins at midnight there is no 0:00,
// and the day starts with the change; where it ends after midnight there are two, and the first counts.
func startOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	const noon = 12
	middle := time.Date(year, month, day, noon, 0, 0, 0, zone)
	year, month, day = middle.Date() // a skipped date is the one that Go takes for it
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	changed, _ := middle.ZoneBounds()
	start := midnight.Add(-offset(middle))
	if changed.IsZero() || changed.Before(start) {
		return start
	}
	before := midnight.Add(-offset(changed.Add(-1)))
	if before.Before(changed) {
		return before
	}
	return changed
}

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

// calendars holds one calendar for each zone, so that equal limits are equal values. Its zero value is
// ready to use.
type calendars struct {
	mu     sync.Mutex
	byZone map[string]*calendar
}

// of returns the calendar of a zone by its IANA name.
func (c *calendars) of(name string) (*calendar, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.byZone[name]; found != nil {
		return found, nil
	}
	zone, err := loadZone(name)
	if err != nil {
		return nil, err
	}
	if c.byZone == nil {
		c.byZone = map[string]*calendar{}
	}
	made := &calendar{zone: zone}
	c.byZone[name] = made
	return made, nil
}

// loadZone refuses what Go takes beside the names of IANA: a node's own zone, which another node need not
// have, and files that lie beside the zones.
func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	first, _, _ := strings.Cut(name, "/")
	if err != nil || slices.Contains([]string{"", "Local", "localtime", "posixrules", "posix", "right", "Factory"}, first) {
		return nil, fmt.Errorf("%q is no time zone of the IANA database", name)
	}
	return zone, nil
}
