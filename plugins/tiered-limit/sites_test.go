package tieredlimit

import (
	"log/slog"
	"testing"
	"time"

	"tollgate/internal/plugin"
	"tollgate/test/eventually"
	"tollgate/test/redistest"
)

// Between two configurations nobody may be there for a while; what a node knows of a day is not given up.
func TestWhatIsOwedOutlivesItsConnections(t *testing.T) {
	m := redistest.Embedded(t)
	b := testBuilder(t)
	limits := daily(t, 9)
	first := connected(t, b, m.Addr())
	eventually.Holds(t, waiting, "the node to be counted", func() bool { return first.site.local.peers.seen.Load() == 1 })
	m.SetError("LOADING Redis is loading the dataset in memory")
	for range 5 {
		first.site.local.take("a", limits, 1)
	}
	idle := connected(t, b, unusedAddress(t))
	idle.close()
	first.close()
	if len(b.sites.byName) != 1 {
		t.Errorf("%d sites are kept, want that of which something is known", len(b.sites.byName))
	}
	b.sites.each(func(s *site, _ []*connection) { t.Errorf("%s is reported, which no configuration names", s.name) })
	wantResult(t, first.site.local, debtsStopped, 0)

	again := connected(t, b, m.Addr())
	if out := again.site.local.take("a", limits, 7); out.DayLeft != 3 {
		t.Errorf("%d are left of the nine of a node alone, of which it has admitted six", out.DayLeft)
	}
	m.SetError("")
	eventually.Holds(t, waiting, "the debts to be settled", func() bool { _, n := again.site.local.owed(); return n == 0 })
	if used := usedIn(t, m); used != "6" {
		t.Errorf("the day has used %s, want 6", used)
	}
	again.close()
}

// When the process ends, what is kept for those who come back is lost too.
func TestAProcessThatEndsCountsWhatNoConnectionIsLeftFor(t *testing.T) {
	b := testBuilder(t)
	made := connected(t, b, unusedAddress(t))
	for range 3 {
		made.site.local.take("a", daily(t, 9), 1)
	}
	made.close()
	wantResult(t, made.site.local, debtsStopped, 0)
	b.sites.stop()
	wantResult(t, made.site.local, debtsStopped, 3)
	if len(b.sites.byName) != 0 {
		t.Error("a site is left")
	}
}

// testBuilder connects, and makes no handlers.
func testBuilder(t *testing.T) builder {
	t.Helper()
	b := builder{deps: plugin.Deps{Log: slog.New(slog.DiscardHandler), Now: time.Now}, metrics: newMetrics(nil)}
	b.sites = newSites(b.newSite)
	return b
}

func connected(t *testing.T, b builder, addr string) *connection {
	t.Helper()
	made, err := b.connect(redisAt(addr))
	if err != nil {
		t.Fatal(err)
	}
	return made
}
