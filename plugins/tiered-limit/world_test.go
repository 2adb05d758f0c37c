package tieredlimit

import (
	"maps"
	"time"

	"pgregory.net/rapid"
)

// world is several nodes with one Redis, some of them cut off from it, in a time that a test sets.
type world struct {
	limits Limits
	now    time.Time
	redis  *memoryStore
	beats  map[int]time.Time   // as Redis has heard of the nodes
	copies []map[int]time.Time // of that, taken now and then
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

// dump takes a copy of what Redis has heard of the nodes.
func (w *world) dump() { w.copies = append(w.copies, maps.Clone(w.beats)) }

// forgetSome cuts some nodes off until they count no more, copies what Redis knows then, and has all back.
func (w *world) forgetSome(rt *rapid.T) {
	for _, n := range w.nodes {
		n.cut = rapid.Bool().Draw(rt, "away for long")
	}
	for range 20 {
		w.pass(rt, nodeLife/10, true)
	}
	w.dump()
	for _, n := range w.nodes {
		n.cut = false
	}
	w.pass(rt, ms, true)
	w.pass(rt, ms, true)
}

// restore has Redis lose all it knows, but for one of the copies.
func (w *world) restore(rt *rapid.T) {
	old := maps.Clone(rapid.SampledFrom(w.copies).Draw(rt, "copy"))
	w.lose(0)
	maps.Copy(w.beats, old)
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

// disturb has Redis lose its data now and then, or copies what it knows of the nodes.
func (w *world) disturb(rt *rapid.T, nodes int) {
	switch rapid.IntRange(0, 9).Draw(rt, "loses its data") {
	case 0:
		w.lose(rapid.IntRange(0, nodes).Draw(rt, "has a copy of"))
	case 1:
		if len(w.copies) > 0 {
			w.restore(rt)
		}
	case 2, 3, 4:
		w.dump()
	}
}
