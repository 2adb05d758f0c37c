package tieredlimit

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// frontsOn returns nodes in front of one store, on its clock.
func frontsOn(s *memoryStore, n int) []*front {
	var nodes []*front
	for range n {
		nodes = append(nodes, newFront(s, patience, func() time.Time { return s.now }, newMetrics(nil)))
	}
	return nodes
}

// Nodes with a memory of denials decide on each request as the store alone would, and say so to the client.
func TestDenialsFromMemoryAgreeWithTheOracle(t *testing.T) {
	fromMemory := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := &memoryStore{accounts: map[string]*account{}, now: rapid.SampledFrom(starts).Draw(rt, "start")}
		nodes := frontsOn(s, 3)
		l := anyLimits(t).Draw(rt, "limits")
		oracle := account{}
		for i := range rapid.IntRange(1, 120).Draw(rt, "requests") {
			s.now = s.now.Add(max(0, anyPause().Draw(rt, "pause")))
			node := rapid.SampledFrom(nodes).Draw(rt, "node")
			got, source, err := node.Count(t.Context(), "consumer:1", tier{name: "free", limits: l})
			if err != nil {
				rt.Fatal(err)
			}
			want := oracle.take(l, s.now, 1)
			if source == FromMemory {
				fromMemory++
				// While the day is exhausted the store alone knows how much of the rate has come back.
				if got.RateLeft > want.RateLeft || (got.RateLeft == 0) != (want.RateLeft == 0) {
					rt.Fatalf("request %d: %d left of the rate, the store says %d", i+1, got.RateLeft, want.RateLeft)
				}
				got.RateLeft = want.RateLeft
			}
			if got != want {
				rt.Fatalf("request %d at %v, by %s: %+v, want %+v", i+1, s.now, source, got, want)
			}
		}
	})
	if fromMemory == 0 {
		t.Error("nothing was denied from memory")
	}
}

// exhausted is an outcome that leaves nothing for a second.
var exhausted = Outcome{RateWait: time.Second}

func laneOf(consumer int) lane {
	return lane{fmt.Sprintf("default:consumer:%d", consumer), tier{"free", Limits{TPS: 20}}}
}

func TestADenialIsOfOneLane(t *testing.T) {
	d := newDenials()
	of := laneOf(1)
	d.remember(of, noon, exhausted, 0)
	if _, denied := d.lookup(of, noon); !denied {
		t.Fatal("what was just denied is not remembered")
	}
	others := map[string]lane{
		"another consumer": laneOf(2),
		"another tier":     {of.key, tier{"gold", of.tier.limits}},
		"another limit":    {of.key, tier{"free", Limits{TPS: 30}}},
		"another day":      {of.key, tier{"free", Limits{TPS: 20, Days: daysOf(t, "UTC")}}},
	}
	for name, other := range others {
		if _, denied := d.lookup(other, noon); denied {
			t.Errorf("%s is denied too", name)
		}
	}
}

func TestWhatLeavesSomethingIsNotRemembered(t *testing.T) {
	d := newDenials()
	d.remember(laneOf(1), noon, Outcome{Admitted: 1, RateLeft: 1}, 0)
	if d.size.Load() != 0 {
		t.Error("an outcome that leaves some of the rate is remembered")
	}
}

// An exhausted rate that outlasts the day is asked for again: the day that has begun is not known.
func TestADenialEndsWithItsDay(t *testing.T) {
	d, of := newDenials(), laneOf(1)
	of.tier.limits = Limits{TPS: 20, Quota: 50, Days: daysOf(t, "UTC")}
	d.remember(of, noon, Outcome{RateWait: time.Second, DayLeft: 7, DayEnds: 300 * ms}, 0)
	if out, denied := d.lookup(of, noon.Add(299*ms)); !denied || out.DayEnds != ms || out.DayLeft != 7 {
		t.Errorf("before the day's end: denied %v, %+v", denied, out)
	}
	if _, denied := d.lookup(of, noon.Add(300*ms)); denied {
		t.Error("denied from memory on a day of which nothing is known")
	}
}

func TestADropForgetsAllAndWhatWasAskedBefore(t *testing.T) {
	d := newDenials()
	before := d.epoch.Load()
	d.remember(laneOf(1), noon, exhausted, before)
	d.drop()
	d.remember(laneOf(2), noon, exhausted, before)
	for consumer := range 3 {
		if _, denied := d.lookup(laneOf(consumer), noon); denied {
			t.Errorf("consumer %d is denied after the drop", consumer)
		}
	}
	if n := d.size.Load(); n != 0 {
		t.Errorf("%d denials after the drop", n)
	}
}

func TestDenialsThatAreOverAreForgotten(t *testing.T) {
	d := newDenials()
	for consumer := range 100 {
		d.remember(laneOf(consumer), noon.Add(time.Duration(consumer)*10*ms), exhausted, 0)
	}
	d.sweep(noon.Add(1500 * ms))
	if n := d.size.Load(); n != 49 {
		t.Errorf("%d denials after the sweep, want the 49 that hold", n)
	}
	if _, denied := d.lookup(laneOf(99), noon.Add(1990*ms)); denied || d.size.Load() != 48 {
		t.Errorf("a denial that is over holds, or is kept: %d denials", d.size.Load())
	}
}

func TestTheMemoryOfDenialsIsBounded(t *testing.T) {
	const most = denialShards * denialsPerShard
	d := newDenials()
	day := Outcome{DayEnds: time.Hour}
	for consumer := range 2 * most {
		of := laneOf(consumer)
		of.tier.limits = Limits{Quota: 1, Days: daysOf(t, "UTC")}
		d.remember(of, noon, day, 0)
		if _, denied := d.lookup(of, noon); !denied {
			t.Fatal("the newest denial is not remembered")
		}
	}
	held := 0
	for i := range d.shards {
		held += len(d.shards[i].byLane)
	}
	if n := int(d.size.Load()); n != held || n > most {
		t.Errorf("%d denials are counted and %d held, want at most %d", n, held, most)
	}
}

func TestRoomIsMadeByWhatEndsFirst(t *testing.T) {
	d := newDenials()
	s := &d.shards[0]
	long, over := lane{key: "long", tier: tier{limits: Limits{TPS: 1}}}, lane{key: "over", tier: tier{limits: Limits{TPS: 1}}}
	s.byLane[long] = denial{noon, Outcome{RateWait: time.Hour}}
	s.byLane[over] = denial{noon, Outcome{RateWait: ms}}
	d.evict(s, noon.Add(time.Second))
	if _, kept := s.byLane[long]; !kept || len(s.byLane) != 1 {
		t.Errorf("kept %v", s.byLane)
	}
}

// The race detector watches.
func TestDenialsAreRememberedFromManyGoroutines(t *testing.T) {
	d := newDenials()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				of := laneOf(i % 300)
				if _, denied := d.lookup(of, noon); !denied {
					d.remember(of, noon, exhausted, d.epoch.Load())
				}
				if i%500 == 0 && worker == 0 {
					d.drop()
				}
			}
		})
	}
	wg.Wait()
	d.sweep(noon.Add(time.Hour))
	if n := d.size.Load(); n != 0 {
		t.Errorf("%d denials are left", n)
	}
}
