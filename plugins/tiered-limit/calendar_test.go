package tieredlimit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// How long the days are, in hours, that hold a time and the next.
func TestDaysAreThoseOfTheZone(t *testing.T) {
	tests := map[string]struct {
		zone, at string // at in local time
		starts   []string
	}{
		"UTC": {"UTC", "2025-06-01T12:00:00Z", []string{
			"2025-05-31T00:00:00Z", "2025-06-01T00:00:00Z", "2025-06-02T00:00:00Z", "2025-06-03T00:00:00Z"}},
		"a zone of half an hour": {"Asia/Kolkata", "2025-06-01T23:59:59+05:30", []string{
			"2025-05-31T00:00:00+05:30", "2025-06-01T00:00:00+05:30", "2025-06-02T00:00:00+05:30", "2025-06-03T00:00:00+05:30"}},
		"a day of 23 hours": {"America/New_York", "2025-03-09T12:00:00-04:00", []string{
			"2025-03-08T00:00:00-05:00", "2025-03-09T00:00:00-05:00", "2025-03-10T00:00:00-04:00", "2025-03-11T00:00:00-04:00"}},
		"a day of 25 hours": {"America/New_York", "2025-11-02T00:00:00-04:00", []string{
			"2025-11-01T00:00:00-04:00", "2025-11-02T00:00:00-04:00", "2025-11-03T00:00:00-05:00", "2025-11-04T00:00:00-05:00"}},
		"a day of 24 and a half hours": {"Australia/Lord_Howe", "2025-04-06T12:00:00+10:30", []string{
			"2025-04-05T00:00:00+11:00", "2025-04-06T00:00:00+11:00", "2025-04-07T00:00:00+10:30", "2025-04-08T00:00:00+10:30"}},
		"a midnight that becomes one o'clock": {"Africa/Cairo", "2025-04-25T01:00:00+03:00", []string{
			"2025-04-24T00:00:00+02:00", "2025-04-25T01:00:00+03:00", "2025-04-26T00:00:00+03:00", "2025-04-27T00:00:00+03:00"}},
		"an hour before midnight that comes twice": {"Africa/Cairo", "2025-10-30T23:59:59+02:00", []string{
			"2025-10-29T00:00:00+03:00", "2025-10-30T00:00:00+03:00", "2025-10-31T00:00:00+02:00", "2025-11-01T00:00:00+02:00"}},
		"a midnight that comes twice": {"America/Havana", "2025-11-02T00:30:00-04:00", []string{
			"2025-11-01T00:00:00-04:00", "2025-11-02T00:00:00-04:00", "2025-11-03T00:00:00-05:00", "2025-11-04T00:00:00-05:00"}},
		"a day that a country left out": {"Pacific/Apia", "2011-12-29T23:59:59-10:00", []string{
			"2011-12-28T00:00:00-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := daysOf(t, test.zone)
			var got []string
			for _, start := range c.around(parse(t, test.at)) {
				got = append(got, time.Unix(start, 0).In(c.zone).Format(time.RFC3339))
			}
			if diff := cmp.Diff(test.starts, got); diff != "" {
				t.Errorf("days about %s (-want +got):\n%s", test.at, diff)
			}
		})
	}
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A day holds the times of its date, and no others.
func TestADayIsADate(t *testing.T) {
	names := []string{
		"UTC", "Europe/London", "America/New_York", "America/Havana", "America/Santiago", "America/Asuncion", "America/Sao_Paulo",
		"America/Nuuk", "Atlantic/Azores", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Asia/Kolkata",
		"Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll",
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := &calendar{zone: daysOf(t, rapid.SampledFrom(names).Draw(rt, "zone")).zone}
		at := time.Unix(rapid.Int64Range(946684800, 2082758400).Draw(rt, "from 2000 to 2035"), 0)
		for _, near := range []time.Duration{0, time.Second, 26 * time.Hour, -50 * time.Hour, 0} {
			now := at.Add(near)
			from, to := c.day(now)
			if now.Before(from) || !now.Before(to) {
				rt.Fatalf("the day of %v in %v is %v to %v", now, c.zone, from, to)
			}
			want := date(now, c)
			for _, within := range []time.Time{from, now, to.Add(-1)} {
				if got := date(within, c); got != want {
					rt.Fatalf("the day of %v holds %v", now.In(c.zone), within.In(c.zone))
				}
			}
			for _, beyond := range []time.Time{from.Add(-1), to} {
				if date(beyond, c) == want {
					rt.Fatalf("the day of %v does not hold %v", now.In(c.zone), beyond.In(c.zone))
				}
			}
		}
	})
}

func date(at time.Time, c *calendar) string { return at.In(c.zone).Format(time.DateOnly) }

func TestEqualZonesHaveOneCalendar(t *testing.T) {
	var c calendars
	a, err := c.of("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := c.of("Europe/Paris"); a != b {
		t.Error("one zone has two calendars")
	}
	if b, _ := c.of("Europe/Rome"); a == b {
		t.Error("two zones have one calendar")
	}
}

func TestWhatIsNoZoneIsRefused(t *testing.T) {
	var c calendars
	for _, name := range []string{"", "Local", "localtime", "posixrules", "right/UTC", "Europe/Atlantis", "../../etc/passwd"} {
		if _, err := c.of(name); err == nil {
			t.Errorf("%q is taken for a zone", name)
		}
	}
}
