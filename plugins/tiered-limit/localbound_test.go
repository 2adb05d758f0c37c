package tieredlimit

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is several nodes with one Redis, some of them cut off from it, in a time that a test sets.
type world struct {
	limits Limits
	now    time.Time
	redis  *memoryStore
	beats  map[int]time.Time // as Redis has heard of the nodes
	nodes  []*outpost

	admitted []time.Time // since Redis has lost its data last
	lost     bool        // it has
}

// outpost is one node of a world.
type outpost struct {
	*local
	cut bool
}

const worldKey = "consumer:1"

func newWorld(nodes int, limits Limits, skews []time.Duration) *world {
	w := &world{limits: limits, now: noon, redis: &memoryStore{now: noon, accounts: map[string]*account{}}, beats: map[int]time.Time{}}
	for i := range nodes {
		skew := skews[i%len(skews)]
		w.nodes = append(w.nodes, &outpost{local: newLocal(newPeers(), func() time.Time { return w.now.Add(skew) }, newMetrics(nil))})
	}
	w.beat()
	w.beat() // the first ones of which not all had been heard
	return w
}

// beat is what nodes.lua does for each node that reaches Redis.
func (w *world) beat() {
	for i, n := range w.nodes {
		if n.cut {
			continue
		}
		maps.DeleteFunc(w.beats, func(_ int, last time.Time) bool { return w.now.Sub(last) >= nodeLife })
		seen := sighting{at: w.now.UnixMicro()}
		if last, known := w.beats[i]; known {
			seen.before = last.UnixMicro()
		}
		w.beats[i] = w.now
		seen.count = int64(len(w.beats))
		n.peers.saw(seen, n.peers.noted.Load(), n.now())
		n.peers.heard(w.now.Sub(n.now()), 0)
	}
}

// pass lets time go by, in which those that reach Redis settle and beat.
func (w *world) pass(rt *rapid.T, d time.Duration, settles bool) {
	w.now = w.now.Add(d)
	w.redis.now = w.now
	for _, n := range w.nodes {
		if n.cut || !settles {
			continue
		}
		for _, b := range n.batches(everyKey, localShards) {
			a := w.redis.accounts[worldKey]
			if a == nil {
				a = &account{}
				w.redis.accounts[worldKey] = a
			}
			if !a.owe(b, w.now) {
				rt.Fatalf("a debt of another day: %+v", b)
			}
			n.settled(b, a.used, a.granted)
		}
	}
	w.beat()
}

// lose has Redis lose all it knows, but for a copy of before the world began, when so many of the nodes had been
// started. What it had admitted before counts for nothing: the bound is of what follows.
func (w *world) lose(nodes int) {
	clear(w.redis.accounts)
	clear(w.beats)
	for i := range nodes {
		w.beats[i] = noon.Add(-time.Second)
	}
	w.admitted, w.lost = nil, true
}

// request makes one request through a node.
func (w *world) request(rt *rapid.T, n *outpost) {
	var out Outcome
	if n.cut {
		out = n.take(worldKey, w.limits, 1).Outcome
	} else {
		var err error
		if out, err = (learning{w.redis, n.local}).Take(rt.Context(), worldKey, w.limits, 1); err != nil {
			rt.Fatal(err)
		}
	}
	for range out.Admitted {
		w.admitted = append(w.admitted, w.now)
	}
}

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
				if rapid.IntRange(0, 4).Draw(rt, "loses its data") == 0 {
					w.lose(rapid.IntRange(0, int(nodes)).Draw(rt, "has a copy of"))
				}
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
			w.lose(rapid.IntRange(0, nodes).Draw(rt, "has a copy of"))
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
