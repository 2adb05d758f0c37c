package fleet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"tollgate/test/eventually"
)

// target is what /status of a node tells of its Redis.
type target struct {
	State     string `json:"state"`
	LiveNodes int    `json:"live_nodes"`
	Debts     struct {
		Requests int64 `json:"requests"`
	} `json:"debts_waiting"`
	Connections []struct {
		UnknownDebits int64 `json:"unknown_debits"`
	} `json:"connections"`
}

// seen is what the node tells of its only Redis; the zero value before it has one.
func (n *node) seen(t *testing.T) (found target) {
	t.Helper()
	answer, err := http.Get("http://" + n.status + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body struct {
		Plugins map[string]struct {
			Targets []target `json:"targets"`
		} `json:"plugins"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	for _, one := range body.Plugins["tiered-limit"].Targets {
		found = one
	}
	return found
}

// unknown is how many requests of the nodes may have been debited without an answer.
func (f *fleet) unknown(t *testing.T) (requests int64) {
	t.Helper()
	for _, n := range f.nodes {
		for _, c := range n.seen(t).Connections {
			requests += c.UnknownDebits
		}
	}
	return requests
}

// settled tells whether a node has told Redis of all that it has admitted without it.
func settled(t *testing.T, n *node) bool {
	now := n.seen(t)
	return now.State == "answers" && now.Debts.Requests == 0
}

// A node that is cut off from Redis goes on with its part, and the others with Redis: together they admit at
// most twice the rate. When it is back, the day has counted every request. Nobody is answered with an error.
func TestANodeThatIsCutOffGoesOnWithItsPart(t *testing.T) {
	const tps, nodes = 30, 3
	const part = tps / nodes
	of := limits{TPS: tps, Quota: counted}
	f := startFleet(t, skewed()...)
	names := consumers("cut off", 2)
	var links []*link
	var whole, cut []*load
	for i, n := range f.nodes {
		links = append(links, startLink(t, f.addr))
		config := configAt(t, links[i].addr, 500*time.Millisecond, "local", of)
		l := newLoad(t, names, endless).on([]*node{n}, config)
		if i < nodes-1 {
			whole = append(whole, l)
		} else {
			cut = append(cut, l)
		}
	}
	lonely := f.nodes[nodes-1]
	eventually.Holds(t, patience, "the nodes to count each other", func() bool {
		return !slices.ContainsFunc(f.nodes, func(n *node) bool { return n.seen(t).LiveNodes != nodes })
	})
	links[nodes-1].sever()
	eventually.Holds(t, patience, "the node to find that it is cut off", func() bool { return lonely.seen(t).State == "silent" })
	began, before := time.Now(), cut[0].tallies[names[0]].admitted.Load()
	cut[0].wait(t, func(seen *tally) bool { return seen.admitted.Load() > before+3*part && seen.denied.Load() > 0 })
	ended := time.Now()
	links[nodes-1].mend()
	for _, n := range f.nodes {
		eventually.Holds(t, patience, "the day to be told", func() bool { return settled(t, n) })
	}
	for _, l := range append(whole, cut...) {
		l.stop()
	}
	for _, n := range f.nodes { // what was admitted since
		eventually.Holds(t, patience, "the rest of it to be told", func() bool { return settled(t, n) })
	}

	accounts, _ := f.read(t, names...)
	unknown := f.unknown(t)
	for _, consumer := range names {
		alone := spans(consumer, cut...)
		if err := crowdedFor(inside(alone, began, ended), part); err != nil {
			t.Errorf("%s, on the node that is cut off: %v", consumer, err)
		}
		if err := crowdedFor(spans(consumer, append(whole, cut...)...), 2*tps); err != nil {
			t.Errorf("%s: %v", consumer, err)
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
func spans(consumer string, loads ...*load) (all []span) {
	for _, l := range loads {
		all = append(all, l.tallies[consumer].spans...)
	}
	return all
}

// inside are those that were sent and answered between two times.
func inside(all []span, from, to time.Time) (found []span) {
	for _, s := range all {
		if s.sent.After(from) && s.answered.Before(to) {
			found = append(found, s)
		}
	}
	return found
}

// crowdedFor finds more requests than most in less than a second, by the clients' clock: of those that were
// sent and answered within it nobody doubts.
func crowdedFor(all []span, most int) error {
	for _, first := range all {
		n := 0
		for _, s := range all {
			if !s.sent.Before(first.sent) && s.answered.Sub(first.sent) < time.Second {
				n++
			}
		}
		if n > most {
			return fmt.Errorf("%d requests passed in less than a second, want at most %d", n, most)
		}
	}
	return nil
}

func TestTheClientsJudgeFindsOneTooMany(t *testing.T) {
	at := func(from, to time.Duration) span {
		return span{time.Unix(0, int64(from)), time.Unix(0, int64(to))}
	}
	const ms = time.Millisecond
	three := []span{at(0, 10*ms), at(500*ms, 510*ms), at(990*ms, 999*ms)}
	if err := crowdedFor(three, 2); err == nil {
		t.Error("three in a second are taken for two")
	}
	three[2].answered = three[2].answered.Add(ms)
	if err := crowdedFor(three, 2); err != nil {
		t.Errorf("one that may have been later: %v", err)
	}
}
