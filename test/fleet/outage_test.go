package fleet

import (
	"slices"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/network"
	"tollgate/test/node"
	"tollgate/test/span"
)

// A node that is cut off from Redis goes on with its part, and the others with Redis: together they admit at
// most twice the rate. When it is back, the day has counted every request. Nobody is answered with an error.
func TestANodeThatIsCutOffGoesOnWithItsPart(t *testing.T) {
	const tps, nodes = 30, 3
	const part = tps / nodes
	of := limits{TPS: tps, Quota: counted}
	f := startFleet(t, skewed()...)
	names := consumers("cut off", 2)
	var links []*network.Link
	var whole, cut []*load
	for i, n := range f.nodes {
		links = append(links, network.Start(t, f.addr))
		config := configAt(t, links[i].Addr, 500*time.Millisecond, "local", of)
		l := newLoad(t, names, endless).on([]*node.Node{n}, config)
		if i < nodes-1 {
			whole = append(whole, l)
		} else {
			cut = append(cut, l)
		}
	}
	lonely := f.nodes[nodes-1]
	eventually.Holds(t, node.Patience, "the nodes to count each other", func() bool {
		return !slices.ContainsFunc(f.nodes, func(n *node.Node) bool { return n.Seen(t).LiveNodes != nodes })
	})
	links[nodes-1].Sever()
	eventually.Holds(t, node.Patience, "the node to find that it is cut off", func() bool { return lonely.Seen(t).State == "silent" })
	began, before := time.Now(), cut[0].tallies[names[0]].admitted.Load()
	cut[0].wait(t, func(seen *tally) bool { return seen.admitted.Load() > before+3*part && seen.denied.Load() > 0 })
	ended := time.Now()
	links[nodes-1].Mend()
	for _, n := range f.nodes {
		eventually.Holds(t, node.Patience, "the day to be told", func() bool { return n.Settled(t) })
	}
	for _, l := range append(whole, cut...) {
		l.stop()
	}
	for _, n := range f.nodes { // what was admitted since
		eventually.Holds(t, node.Patience, "the rest of it to be told", func() bool { return n.Settled(t) })
	}

	accounts, _ := f.read(t, names...)
	unknown := node.Unknown(t, f.nodes...)
	for _, consumer := range names {
		alone := spans(consumer, cut...)
		if most := span.Most(inside(alone, began, ended)); most > part {
			t.Errorf("%s, on the node that is cut off: %d in less than a second, want at most %d", consumer, most, part)
		}
		if most := span.Most(spans(consumer, append(whole, cut...)...)); most > 2*tps {
			t.Errorf("%s: %d in less than a second, want at most %d", consumer, most, 2*tps)
		}
		a, passed := accounts[consumer], admitted(consumer, append(whole, cut...)...)
		if err := crowded(a.ring, tps); err != nil {
			t.Errorf("%s, in Redis: %v", consumer, err)
		}
		if used := a.used(); used < passed || used > passed+unknown {
			t.Errorf("%s: the clients saw %d pass, the day has used %d, and %d are unknown", consumer, passed, used, unknown)
		}
		t.Logf("%s: %d passed, %d of them on the node that was cut off for %s; %d debits unknown",
			consumer, passed, len(alone), ended.Sub(began).Round(time.Millisecond), unknown)
	}
}

// spans are those of the admitted requests of a consumer.
func spans(consumer string, loads ...*load) (all []span.Span) {
	for _, l := range loads {
		all = append(all, l.tallies[consumer].spans...)
	}
	return all
}

// inside are those that were sent and answered between two times.
func inside(all []span.Span, from, to time.Time) (found []span.Span) {
	for _, s := range all {
		if s.Sent.After(from) && s.Answered.Before(to) {
			found = append(found, s)
		}
	}
	return found
}
