package tieredlimit

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

// keySlot is the slot of a limit key's state and ring.
func keySlot(t *testing.T, addr, key string) int {
	t.Helper()
	var slots [2]int64
	for i, name := range keys(key) {
		redistest.Await(t, addr, "a slot", func(c *redis.Client) bool {
			var err error
			slots[i], err = c.ClusterKeySlot(t.Context(), name).Result()
			return err == nil
		})
	}
	if slots[0] != slots[1] {
		t.Errorf("the keys of %s lie in slots %v", key, slots)
	}
	return int(slots[0])
}

func TestAClusterIsFollowedWhereItsSlotsGo(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 3)
	// One node is enough to find the others.
	s := openRecord(t, byNodes(t, addrs[0]), limitScript)
	limits := Limits{TPS: 100, Quota: 100, Days: daysOf(t, "UTC")}
	for i := range 50 {
		take(t, s, fmt.Sprint(i), limits)
	}
	for _, addr := range addrs {
		redistest.Await(t, addr, "keys on each node", func(c *redis.Client) bool { return c.DBSize(t.Context()).Val() > 0 })
	}

	// A slot moves away, and the client learns of it by MOVED. The new node does not know the script yet.
	const key = "moved"
	slot := keySlot(t, addrs[0], key)
	from := slot * 3 / 16384
	to := (from + 1) % 3
	redistest.Await(t, addrs[to], "no scripts", func(c *redis.Client) bool { return c.ScriptFlush(t.Context()).Err() == nil })
	redistest.MoveSlot(t, slot, addrs[from], addrs[to], addrs[(from+2)%3])
	for i := range int64(3) {
		if got := take(t, s, key, limits).DayLeft; got != 99-i {
			t.Errorf("request %d: %d left of the day, want %d", i+1, got, 99-i)
		}
	}
}

// crc16 is the checksum that Redis Cluster takes of a key's hash tag (CRC-16/XMODEM, see the Redis Cluster
// specification, appendix A).
func crc16(text string) (sum uint16) {
	const polynomial, top = 0x1021, 1 << 15
	for i := range len(text) {
		sum ^= uint16(text[i]) << 8
		for range 8 {
			carries := sum&top != 0
			sum <<= 1
			if carries {
				sum ^= polynomial
			}
		}
	}
	return sum
}

// inSlot returns limit keys in a slot.
func inSlot(slot, many int) (found []string) {
	for i := 0; len(found) < many; i++ {
		if key := fmt.Sprint("c", i); int(crc16(key))%16384 == slot {
			found = append(found, key)
		}
	}
	return found
}

// While a slot moves, whoever lies in it is counted on, under each kind of limit: at the old node where the state
// is, else at the new one, where ASK leads. Nobody follows on_redis_error, and no breaker opens.
func TestAClusterIsFollowedWhileASlotMoves(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 2)
	s := openRecord(t, byNodes(t, addrs...), limitScript)
	ledger := &Ledger{store: s, script: newScript(ledgerScript)}
	g := newClusterGuard(s, 5*time.Second, newMetrics(nil), slog.New(slog.DiscardHandler), s.masterOf)
	slot := keySlot(t, addrs[0], "moving")
	from, to := addrs[slot*2/16384], addrs[1-slot*2/16384]
	days := daysOf(t, "UTC")
	kinds := []Limits{{Quota: 100, Days: days}, {TPS: 50, Burst: 80, Quota: 100, Days: days}, {TPS: 50, Quota: 100, Days: days}}
	who, known, asked := inSlot(slot, 5*len(kinds)), 0, map[string]int64{}
	// all counts who was counted before, and somebody new, under each kind of limit.
	all := func(when string) {
		t.Helper()
		known += len(kinds)
		for i, key := range who[:known] {
			out, err := g.Take(t.Context(), key, kinds[i%len(kinds)], 1)
			asked[key]++
			if held := kinds[i%len(kinds)].Burst; err != nil || out.Admitted != 1 || out.DayLeft != 100-asked[key] || asked[key] == 1 && held > 0 && out.RateLeft != held-1 {
				t.Errorf("%s: %+v gets %+v, %v; want %d left of the day", when, kinds[i%len(kinds)], out, err, 100-asked[key])
			}
		}
	}
	all("before")
	redistest.BeginMove(t, slot, from, to)
	all("while the keys are where they were")
	redistest.Await(t, from, "rings that are gone, as after four seconds", func(c *redis.Client) bool {
		return c.Del(t.Context(), ringOf(who[2])).Val() == 1
	})
	all("while a ring is nowhere")
	if day, err := ledger.Show(t.Context(), who[2], kinds[2]); err != nil || day.Used != asked[who[2]] {
		t.Errorf("an operator is shown %+v, %v", day, err)
	}
	redistest.MoveKeys(t, slot, from, to)
	all("while the slot is where it was")
	redistest.MoveSlot(t, slot, from, to)
	all("after")
	if n, all := g.closed(); n != all {
		t.Errorf("%d of %d breakers are closed", n, all)
	}
}

// ringOf names the ring of a limit key.
func ringOf(key string) string { return keys(key)[1] }

// In a slot that moves an exact rate is kept by a bucket of a second's requests, which begins with what the ring
// has counted.
func TestARateIsKeptWhileASlotMoves(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 2)
	s := openRecord(t, byNodes(t, addrs...), limitScript)
	key := inSlot(keySlot(t, addrs[0], "moving"), 1)[0]
	slot := keySlot(t, addrs[0], key)
	from, to := addrs[slot*2/16384], addrs[1-slot*2/16384]
	limits := Limits{TPS: 1000}
	const before, during = 600, 900
	start := time.Now()
	first := takeN(t, s, key, limits, before).Admitted
	redistest.BeginMove(t, slot, from, to)
	redistest.Await(t, from, "a ring that is gone", func(c *redis.Client) bool { return c.Del(t.Context(), ringOf(key)).Val() == 1 })
	second := takeN(t, s, key, limits, during).Admitted
	left := limits.TPS - before
	if refilled := time.Since(start).Milliseconds() + 1; first != before || second < left || second > left+refilled {
		t.Errorf("%d and then %d were admitted, want %d and %d to %d", first, second, before, left, left+refilled)
	}
}

// Where a slot is being moved says nothing of the others that a breaker is for. Redis 8.4 says TRYAGAIN of one key too.
func TestASlotThatMovesIsNoFailure(t *testing.T) {
	g, log := guarded(storeFunc(func(context.Context, string, Limits, int64) (Outcome, error) {
		return Outcome{}, classified(refusal("TRYAGAIN Slot is being trimmed"))
	}))
	for range 2 * tripBad {
		if _, err := ask(t, g); mayHaveDebited(err) || !redis.IsTryAgainError(err) {
			t.Fatalf("error %v", err)
		}
	}
	if g.position() != positionClosed || log.Len() > 0 {
		t.Errorf("the breaker is %s, and logged is %s", g.position(), log)
	}
}
