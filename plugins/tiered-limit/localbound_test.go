package tieredlimit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However the nodes are cut off and come back, and whatever they know: in a rolling second at most the rate
// twice, and in a day the quota twice; where a limit is smaller than the nodes, one for each of them more.
func TestNodesThatAreCutOffAdmitTogetherNoMoreThanStated(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		nodes := rapid.Int64Range(1, 6).Draw(rt, "nodes")
		l := Limits{
			TPS:   rapid.Int64Range(1, 20).Draw(rt, "tps"),
			Quota: rapid.SampledFrom([]int64{0, 1, 5, 40, 100}).Draw(rt, "quota"),
		}
		if l.Quota > 0 {
			l.Days = daysOf(t, "UTC")
		}
		w := newWorld(int(nodes), l, []time.Duration{0, time.Hour, -20 * time.Hour, 400 * ms})
		for range rapid.IntRange(1, 250).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				w.disturb(rt, int(nodes))
			case 1:
				n := rapid.SampledFrom(w.nodes).Draw(rt, "node")
				n.cut = !n.cut
			case 2:
				w.pass(rt, time.Duration(rapid.Int64Range(0, 2_000).Draw(rt, "pause"))*ms, rapid.Bool().Draw(rt, "settles"))
			default:
				w.pass(rt, time.Duration(rapid.Int64Range(0, 100_000).Draw(rt, "wait"))*us, rapid.Bool().Draw(rt, "settles"))
				n := rapid.SampledFrom(w.nodes).Draw(rt, "node")
				for range rapid.IntRange(1, 30).Draw(rt, "requests") {
					w.request(rt, n)
				}
			}
		}
		w.judge(rt, nodes)
	})
}

func (w *world) judge(rt *rapid.T, nodes int64) {
	most := w.limits.TPS + max(w.limits.TPS, nodes)
	for _, at := range w.admitted {
		if n := within(w.admitted, at); n > most {
			rt.Fatalf("%d admitted in the second before %v, want at most %d", n, at, most)
		}
	}
	if most := w.limits.Quota + max(w.limits.Quota, nodes); w.limits.Quota > 0 && int64(len(w.admitted)) > most {
		rt.Fatalf("%d admitted in a day, want at most %d", len(w.admitted), most)
	}
	if w.limits.Quota == 0 {
		return
	}
	// When all are back, and have settled, the day has counted each request.
	for _, n := range w.nodes {
		n.cut = false
	}
	w.pass(rt, 0, true)
	w.pass(rt, 0, true)
	var used int64
	if a := w.redis.accounts[worldKey]; a != nil {
		used = a.used
	}
	if admitted := int64(len(w.admitted)); used != admitted && !w.lost || used < admitted { // debts from before come too
		rt.Fatalf("%d admitted, and the day has counted %d", len(w.admitted), used)
	}
}

// Each keeps its part however long ago it was cut off, up to the ten minutes that are stated.
func TestNodesThatAreCutOffOneAfterTheOtherAdmitTogetherNoMoreThanTheRate(t *testing.T) {
	const stated = 10 * time.Minute
	rapid.Check(t, func(rt *rapid.T) {
		nodes := rapid.Int64Range(2, 8).Draw(rt, "nodes")
		l := Limits{TPS: nodes * rapid.Int64Range(1, 9).Draw(rt, "each")}
		w := newWorld(int(nodes), l, []time.Duration{0})
		for _, n := range w.nodes {
			n.cut = true
			for range 20 {
				w.pass(rt, (stated-time.Second)/20/time.Duration(nodes), true)
			}
		}
		for _, n := range w.nodes {
			for range l.TPS {
				w.request(rt, n)
			}
		}
		if got := int64(len(w.admitted)); got != l.TPS {
			rt.Fatalf("%d admitted at once, want %d", got, l.TPS)
		}
	})
}

// Redis comes back with older copies that have some of the nodes: who is among them keeps to his part too.
func TestOlderCopiesRaiseNoPart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		nodes := rapid.IntRange(2, 8).Draw(rt, "nodes")
		l := Limits{TPS: int64(nodes * rapid.IntRange(1, 9).Draw(rt, "each"))}
		w := newWorld(nodes, l, []time.Duration{0})
		for range rapid.IntRange(1, 8).Draw(rt, "copies") {
			if rapid.Bool().Draw(rt, "were some away for long") {
				w.forgetSome(rt)
			}
			w.dump() // of beats of which some nodes have made later ones since
			if rapid.Bool().Draw(rt, "has a later copy") {
				w.restore(rt)
			} else {
				w.lose(rapid.IntRange(0, nodes).Draw(rt, "has a copy of"))
			}
			for _, n := range w.nodes {
				n.cut = rapid.Bool().Draw(rt, "cut")
			}
			w.pass(rt, ms, true)
		}
		for _, n := range w.nodes {
			n.cut = true
			for range l.TPS {
				w.request(rt, n)
			}
		}
		if got := int64(len(w.admitted)); got != l.TPS {
			rt.Fatalf("%d admitted at once, want %d", got, l.TPS)
		}
	})
}

// The bound is reached: it is not stated too high.
func TestTheStatedBoundIsReached(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		nodes := rapid.Int64Range(2, 6).Draw(rt, "nodes")
		l := Limits{TPS: nodes * rapid.Int64Range(1, 5).Draw(rt, "each"), Quota: nodes * 1000, Days: daysOf(t, "UTC")}
		w := newWorld(int(nodes), l, []time.Duration{0})
		for range l.TPS {
			w.request(rt, w.nodes[0])
		}
		for _, n := range w.nodes {
			n.cut = true
			for range l.TPS {
				w.request(rt, n)
			}
		}
		if got := int64(len(w.admitted)); got != 2*l.TPS {
			rt.Fatalf("%d admitted at once, want twice %d", got, l.TPS)
		}
	})
}

// With a bucket the same holds of the bucket and its rate.
func TestBucketsOfNodesThatAreCutOffHoldTogetherNoMoreThanOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		nodes := rapid.Int64Range(1, 5).Draw(rt, "nodes")
		l := Limits{TPS: rapid.Int64Range(nodes, 30).Draw(rt, "tps"), Burst: rapid.Int64Range(nodes, 60).Draw(rt, "burst")}
		w := newWorld(int(nodes), l, []time.Duration{0})
		for _, n := range w.nodes {
			n.cut = true
		}
		for range rapid.IntRange(1, 300).Draw(rt, "requests") {
			w.now = w.now.Add(time.Duration(rapid.Int64Range(0, 100_000).Draw(rt, "wait")) * us)
			w.request(rt, rapid.SampledFrom(w.nodes).Draw(rt, "node"))
		}
		for i, from := range w.admitted {
			for j, to := range w.admitted[i:] {
				if most := float64(l.Burst) + to.Sub(from).Seconds()*float64(l.TPS) + 1e-6; float64(j+1) > most {
					rt.Fatalf("%d admitted from %v to %v, want at most %f", j+1, from, to, most)
				}
			}
		}
	})
}

// A node that was cut off for so long that it does not count any more is the limit of what is stated.
func TestANodeCountsForAsLongAsStated(t *testing.T) {
	w := newWorld(3, Limits{TPS: 30}, []time.Duration{0})
	w.nodes[0].cut = true
	for _, step := range []struct {
		after time.Duration
		want  int64
	}{{nodeLife - time.Second, 3}, {time.Second, 2}} {
		w.now = w.now.Add(step.after)
		w.beat()
		if got := w.nodes[1].peers.live(1); got != step.want {
			t.Errorf("after %v more, %d nodes are seen, want %d", step.after, got, step.want)
		}
	}
	if got := w.nodes[0].peers.live(1); got != 3 {
		t.Errorf("the one that is cut off has seen %d, want 3", got)
	}
}
