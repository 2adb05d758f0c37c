package tieredlimit

import (
	"fmt"
	"testing"
	"time"
)

// A count whose slot moves keeps no other from being settled before the node stops.
func TestASlotThatMovesHoldsUpNoOtherDebts(t *testing.T) {
	const moves = "if string.find(KEYS[1], '{3}') then return redis.error_reply('TRYAGAIN Multiple keys request during rehashing of slot') end\n"
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			now := time.Now()
			l := localAt(&now, 1)
			const counts, each = 20, 2
			for i := range counts {
				admit(t, l, fmt.Sprint(i), each)
			}
			s := openRedis(t, start(t), limitScript)
			g, _ := guarded(s)
			g.timeout = waiting // for a loaded machine
			d := newSettler(l, s, g, g.log)
			d.script = newScript(moves + ledgerScript)
			d.step(t.Context(), everyKey, localShards)
			wantOwed(t, l, "after one step", each)
			wantResult(t, l, debtsSettled, (counts-1)*each)
		})
	}
}
