package tieredlimit

import "strconv"

// sampleKeys find the masters of a Cluster: one that has a hundredth of the slots is missed once in 30,000 times,
// and known when it is first asked.
const sampleKeys = 1024

// first tells whether a call for key is the first that the store has answered. A Cluster's masters are known by then.
func (g *guard) first(key string, r result) (first bool) {
	if r != wentWell && r != wentSlowly || g.answered.Load() {
		return false
	}
	g.handing.Do(func() {
		g.handOver(key)
		g.answered.Store(true) // last: whoever reads it finds the breakers
		first = true
	})
	return first
}

// handOver makes a breaker for each master of a Cluster that has just answered a call for key. Until then one stood for
// all; if a call had failed, its master may be why, and is held to be away until it has answered.
func (g *guard) handOver(key string) {
	if g.masterOf == nil {
		return
	}
	here := g.masterOf(key)
	g.shards.of(here)
	for i := range sampleKeys {
		if addr := g.masterOf(strconv.Itoa(i)); addr != "" {
			g.shards.of(addr)
		}
	}
	failed := g.whole.lastFailed()
	if failed == "" {
		return
	}
	if away := g.masterOf(failed); away != here {
		g.shards.of(away).distrust(failed)
	}
}
