package tieredlimit

import (
	"log/slog"
	"testing"
	"testing/synctest"
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

// What a Redis is owed that no configuration names any more is lost when the day ends, and nothing is left of it.
func TestWhatNobodyComesBackForIsForgottenWhenItCountsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		now := func() time.Time { return noon.Add(time.Since(begin)) }
		b := testBuilder(t)
		b.deps.Now = now
		b.sites = newSites(b.newSite)
		one := b.newSite("redis:6379")
		b.sites.byName[one.name] = one
		for range 3 {
			one.local.take("a", daily(t, 9), 1)
		}
		b.sites.look()
		time.Sleep(11 * time.Hour)
		if counts, requests := one.local.owed(); counts != 1 || requests != 3 || len(b.sites.byName) != 1 {
			t.Errorf("before the day ends %d requests of %d counts are owed, and %d sites known", requests, counts, len(b.sites.byName))
		}
		time.Sleep(time.Hour + sweepEvery)
		b.sites.mu.Lock()
		left := len(b.sites.byName)
		b.sites.mu.Unlock()
		if left != 0 || one.local.size.Load() != 0 {
			t.Errorf("after the day %d sites are known, and %d counts", left, one.local.size.Load())
		}
		wantResult(t, one.local, debtsEnded, 3)
		b.sites.stop()
		wantResult(t, one.local, debtsStopped, 0)
	})
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
