package headerguard

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tollgate/internal/plugin"
)

// on is a moment of the clock, as minutes and seconds after noon.
func on(minutes, seconds int) time.Time {
	return standNow.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
}

func TestTheLastHourIsTheLastSixtyMinutesOfTheClock(t *testing.T) {
	missing, spoofed := finding{Missing, StrippedByF5, modeEnforce}, finding{Spoofed, AddedByClient, modeAudit}
	rows := []struct {
		name string
		add  []time.Time // of missing; spoofed comes with the first of them
		at   time.Time
		want map[finding]int64
	}{
		{"nothing yet", nil, on(0, 0), map[finding]int64{}},
		{"of one minute", []time.Time{on(0, 0), on(0, 59)}, on(0, 59), map[finding]int64{missing: 2, spoofed: 1}},
		{"of several minutes", []time.Time{on(0, 30), on(1, 0), on(59, 59)}, on(59, 59), map[finding]int64{missing: 3, spoofed: 1}},
		{"a minute goes as a whole", []time.Time{on(0, 59), on(1, 0)}, on(60, 0), map[finding]int64{missing: 1}},
		{"a minute takes the place of that an hour before", []time.Time{on(0, 0), on(60, 0)}, on(60, 0), map[finding]int64{missing: 1}},
		{"nothing for days", []time.Time{on(0, 0)}, on(3*24*60, 0), map[finding]int64{}},
		{"the clock was set back", []time.Time{on(30, 0)}, on(0, 0), map[finding]int64{}},
		{"the clock was set back an hour, and more came", []time.Time{on(60, 0), on(0, 0)}, on(0, 0), map[finding]int64{missing: 1}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var h lastHour
			for i, at := range row.add {
				h.add(missing, at)
				if i == 0 {
					h.add(spoofed, at)
				}
			}
			if diff := cmp.Diff(row.want, h.sum(row.at), cmp.AllowUnexported(finding{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusTellsTheFaultsOfTheLastHour(t *testing.T) {
	now := standNow
	p := New(plugin.Deps{
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: func() time.Time { return now },
	})
	status := func() string {
		t.Helper()
		text, err := json.Marshal(p.Status())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if got := status(); got != `{"last_hour":[]}` {
		t.Errorf("before any request: %s", got)
	}
	h, err := p.Build([]byte(`{"rules":[{"name":"tenant","header":"x-tenant"},{"header":"x-trace","mode":"audit"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	kongWith(headers{"x-trace": {"1"}, "x-tenant": {"a"}}).Run(t, h)
	kongWith(nil).Run(t, h)
	kongWith(headers{"x-trace": {"1"}}).Run(t, h)
	const want = `{"last_hour":[{"reason":"missing","place":"unknown","mode":"enforce","count":2},` +
		`{"reason":"missing","place":"unknown","mode":"audit","count":1}]}`
	if got := status(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	now = now.Add(time.Hour)
	if got := status(); got != `{"last_hour":[]}` {
		t.Errorf("an hour later: %s", got)
	}
}

func TestEachStateOfAWitnessIsCountedFromTheStart(t *testing.T) {
	s := standOf(t, `{"rules":[{"header":"a"}]}`)
	states := witnessStates()
	if n := testutil.CollectAndCount(s.metrics.witnesses); n != len(states) || len(slices.Compact(slices.Sorted(slices.Values(states)))) != n {
		t.Errorf("%d series of the states %v", n, states)
	}
	for _, fault := range []witnessFault{faultMalformed, faultVersion, faultDigest, faultClock, faultTooLarge} {
		if !slices.Contains(states, witnessState(fault.Error())) {
			t.Errorf("%s is not among them", fault)
		}
	}
}

// BenchmarkMetrics is what the metrics add to one request.
func BenchmarkMetrics(b *testing.B) {
	m := newMetrics(prometheus.NewRegistry(), time.Now)
	m.hold([]string{"tenant"})
	of := &check{name: "tenant", mode: modeEnforce}
	bad := verdict{decision: rejected, faults: []fault{{check: of, reason: Missing, place: Unknown}}}
	b.Run("a request that passes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.count(passed)
		}
	})
	b.Run("a request with one fault", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.judged(bad)
		}
	})
}
