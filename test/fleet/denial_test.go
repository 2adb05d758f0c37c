package fleet

import (
	"net/http"
	"testing"

	"tollgate/test/node"
)

// What a node denies from memory costs no call. It forgets what it knows when it has looked whether that
// may be wrong for the first time, and where its clock and Redis' seem to have gone apart, which a busy
// machine can make them: so as often as nodes look, they may ask again.

// Once the day is exhausted, and a node knows, it denies without a call.
func TestAnExhaustedDayCostsNoCalls(t *testing.T) {
	const quota, denied, tries = 60, 150, 100
	f := startFleet(t, skewed()...)
	config, names := f.config(t, limits{Quota: quota}), consumers("exhausted", 1)
	newLoad(t, names, reached(limits{Quota: quota})).on(f.nodes, config).finish(t)
	for range tries {
		for _, n := range f.nodes {
			deny(t, n, config, names[0], workersPerNode) // one lets the node know
		}
		before, looksBefore := f.read(t, names...)
		for _, n := range f.nodes {
			deny(t, n, config, names[0], denied)
		}
		after, looksAfter := f.read(t, names...)
		calls := len(after[names[0]].calls) - len(before[names[0]].calls)
		if calls == 0 {
			return
		}
		// A look that was under way before may have made its node forget since.
		if most := int(looksAfter-looksBefore) + len(f.nodes); calls > most {
			t.Fatalf("%d calls for %d denied requests, while nodes may have forgotten %d times", calls, len(f.nodes)*denied, most)
		}
	}
	t.Errorf("%d times %d denied requests cost calls each time", tries, len(f.nodes)*denied)
}

// deny sends requests that must all be denied.
func deny(t *testing.T, n *node.Node, config, consumer string, requests int) {
	t.Helper()
	w := n.NewWorker()
	defer w.Close()
	for range requests {
		if verdict, err := w.Request(config, consumer); err != nil || verdict.Status != http.StatusTooManyRequests {
			t.Fatalf("status %d, %v; want a denial", verdict.Status, err)
		}
	}
}

// Of a long burst over an exact rate only those requests reach Redis that it may admit: whenever one is
// admitted, and whenever a node forgets, each worker may ask once more.
func TestABurstOverTheRateCostsFewCalls(t *testing.T) {
	const tps, denied = 5, 1500
	f := startFleet(t, skewed()...)
	names := consumers("burst", 1)
	l := newLoad(t, names, func(seen *tally) bool { return seen.admitted.Load() > tps && seen.denied.Load() >= denied })
	l.on(f.nodes, f.config(t, limits{TPS: tps})).finish(t)
	accounts, looks := f.read(t, names...)
	a, workers := accounts[names[0]], int64(len(f.nodes)*workersPerNode)
	judge(t, names[0], a, limits{TPS: tps}, admitted(names[0], l))
	calls := int64(len(a.calls))
	if most := (int64(len(a.ring)) + looks + 1) * (workers + 1); calls > most {
		t.Errorf("%d calls for %d requests, %d of them admitted; want at most %d", calls, l.requests(), len(a.ring), most)
	}
	t.Logf("%d calls for %d requests, %d of them admitted", calls, l.requests(), len(a.ring))
}
