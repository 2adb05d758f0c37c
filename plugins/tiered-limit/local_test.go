package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// ownLocal is a node's own part of the limits, by this machine's clock.
func ownLocal(m *metrics) *local { return newLocal(newPeers(), time.Now, m) }

// localAt is one on a clock that a test sets, of a node that knows how many there are.
func localAt(now *time.Time, nodes int64) *local {
	l := newLocal(newPeers(), func() time.Time { return *now }, newMetrics(nil))
	l.peers.saw(sighting{count: nodes}, 0, *now)
	return l
}

func TestANodeTakesThereToBeAsManyAsRedisLastSaw(t *testing.T) {
	now := noon
	l := localAt(&now, 0)
	if out := l.take("a", Limits{TPS: 100}, 4); out.RateLeft != 24 {
		t.Errorf("before Redis told: %d left, want a fourth", out.RateLeft)
	}
	l.peers.saw(sighting{count: 10}, 0, now)
	if out := l.take("b", Limits{TPS: 100}, 4); out.RateLeft != 9 {
		t.Errorf("after Redis told: %d left, want a tenth", out.RateLeft)
	}
}

// A node whose clock is off by days still counts in Redis' day.
func TestANodeReckonsWithRedisTime(t *testing.T) {
	now := noon.Add(3 * 24 * time.Hour)
	l := localAt(&now, 1)
	l.peers.heard(-3*24*time.Hour, 0)
	if out := l.take("a", daily(t, 5), 1); out.DayEnds != 12*time.Hour {
		t.Errorf("the day ends in %v, want 12 hours", out.DayEnds)
	}
	l.peers.heard(-3*24*time.Hour+clockStep, 0)
	if got := l.clock(); !got.Equal(noon) {
		t.Errorf("a call that took its time moves the clock to %v", got)
	}
}

func TestANodeLearnsFromWhatTheStoreSays(t *testing.T) {
	now := noon
	l := localAt(&now, 2)
	var err error
	s := learning{storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) {
		return Outcome{Admitted: 1, DayLeft: 20, DayEnds: time.Hour}, err
	}), l}
	_, _ = s.Take(t.Context(), "a", daily(t, 100), 1)
	err = errors.New("down")
	_, _ = s.Take(t.Context(), "b", daily(t, 100), 1)
	for key, left := range map[string]int64{"a": 9, "b": 49} {
		if out := l.take(key, daily(t, 100), 1); out.DayLeft != left {
			t.Errorf("%s has %d left, want %d", key, out.DayLeft, left)
		}
	}
	now = now.Add(time.Hour)
	if out := l.take("a", daily(t, 100), 1); out.DayLeft != 48 {
		t.Errorf("after what was told has ended %d are left", out.DayLeft)
	}
}

func TestTheMemoryOfANodeIsBounded(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	const bound, counts = localShards * sharesPerShard, 2 * localShards * sharesPerShard
	for i := range counts {
		now = now.Add(us)
		l.take(fmt.Sprint(i), daily(t, 100), 1)
	}
	held := 0
	for i := range l.shards {
		held += len(l.shards[i].byKey)
	}
	if held > bound || held < bound*9/10 || int64(held) != l.size.Load() {
		t.Errorf("%d counts are held, and said to be %d; want at most %d", held, l.size.Load(), bound)
	}
	owing, requests := l.owed()
	lost := testutil.ToFloat64(l.metrics.debts.WithLabelValues(debtsFull))
	if owing != int64(held) || requests != int64(held) || lost != float64(counts-held) {
		t.Errorf("%d counts owe %d requests, and %v are lost, of %d", owing, requests, lost, counts)
	}
}

func TestTheLeastUsedGivesWay(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	s := &l.shards[0]
	for i := range evictAmong {
		now = now.Add(ms)
		l.share(s, fmt.Sprint(i), now)
	}
	s.byKey["0"].batch = &batch{} // on its way to Redis
	l.evict(s, now)
	if s.byKey["0"] == nil || s.byKey["1"] != nil || len(s.byKey) != evictAmong-1 {
		t.Errorf("%d are left, the first %v, the second %v", len(s.byKey), s.byKey["0"], s.byKey["1"])
	}
}

// What owes nothing gives way to what does: Redis knows it as well.
func TestDebtsAreKeptWhereMemoryRunsOut(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	const debts = 100
	for i := range debts {
		l.take(fmt.Sprint("owing:", i), daily(t, 100), 1)
	}
	now = now.Add(time.Second)
	for i := range 2 * localShards * sharesPerShard {
		l.learn(fmt.Sprint("known:", i), daily(t, 100), Outcome{DayLeft: 9, DayEnds: time.Hour}, 0)
	}
	if counts, _ := l.owed(); counts != debts {
		t.Errorf("%d of %d debts are left", counts, debts)
	}
}

// An answer that was under way while debts were settled may be of before.
func TestWhatRedisSaidBeforeADebtWasSettledDoesNotHoldAfterIt(t *testing.T) {
	now := noon
	l := owing(t, &now, 500)
	var meanwhile func()
	s := learning{storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) {
		meanwhile()
		return Outcome{Admitted: 1, DayLeft: 999, DayEnds: 12 * time.Hour}, nil
	}), l}
	for _, row := range []struct {
		name      string
		meanwhile func()
		left      int64
	}{
		{"asked before it was settled", func() { l.settled(only(t, l), 501, 0) }, 498},
		{"asked after", func() {}, 997}, // two were admitted here since
	} {
		meanwhile = row.meanwhile
		_, _ = s.Take(t.Context(), "a", daily(t, 1000), 1)
		if out := l.take("a", daily(t, 1000), 1); out.DayLeft != row.left {
			t.Errorf("%s: %d left, want %d", row.name, out.DayLeft, row.left)
		}
	}
}

// With on_redis_error allow all pass, and are owed to the day like those of a part.
func TestWhatIsAdmittedBeyondAllLimitsIsOwedToo(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	limits := Limits{TPS: 1, Quota: 3, Days: daysOf(t, "UTC")}
	for range 5 {
		l.note("a", limits)
	}
	if b := only(t, l); b.n != 5 {
		t.Errorf("%d are owed, want 5", b.n)
	}
	if out := l.take("a", limits, 1); out.Admitted != 0 || out.RateLeft != 1 {
		t.Errorf("the node's part of the day has %+v left, and of the rate all", out)
	}
}

func TestWhatNoLongerCountsIsForgotten(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	l.take("rate", Limits{TPS: 9}, 1)
	l.take("bucket", Limits{TPS: 1, Burst: 10_000}, 1)
	for range 9_000 {
		l.take("slow bucket", Limits{TPS: 1, Burst: 10_000}, 1)
	}
	l.take("owing", daily(t, 9), 1)
	l.learn("known", daily(t, 9), Outcome{DayLeft: 3, DayEnds: 12 * time.Hour}, 0)
	for _, row := range []struct {
		after time.Duration
		want  int64
	}{{ms, 5}, {2 * time.Second, 3}, {8999 * time.Second, 3}, {9000 * time.Second, 2}, {11 * time.Hour, 2}, {12 * time.Hour, 0}} {
		now = noon.Add(row.after)
		l.sweep()
		if got := l.size.Load(); got != row.want {
			t.Errorf("after %v %d are held, want %d", row.after, got, row.want)
		}
	}
}

func TestTheRateOfAnIdleCountTakesNoMemory(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	l.learn("a", daily(t, 1000), Outcome{DayLeft: 900, DayEnds: 12 * time.Hour}, 0)
	for range 100 {
		l.take("a", Limits{TPS: 1000}, 1)
	}
	now = now.Add(time.Second)
	for _, want := range []int{100, 0} {
		l.sweep()
		if got := len(l.shard("a").byKey["a"].recent); got != want {
			t.Errorf("after %v it holds %d times, want %d", now.Sub(noon), got, want)
		}
		now = now.Add(time.Second)
	}
}

// A limit of many requests a second costs the node no more for each than a small one.
func TestAHighRateCostsLittleForEachRequest(t *testing.T) {
	now := noon
	l := localAt(&now, 1)
	allocated := testing.AllocsPerRun(20_000, func() {
		now = now.Add(100 * us)
		l.take("a", Limits{TPS: 10_000}, 1)
	})
	if allocated > 0.5 {
		t.Errorf("%v allocations a request", allocated)
	}
}
