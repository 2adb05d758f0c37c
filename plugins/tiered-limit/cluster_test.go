package tieredlimit

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
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

// While a slot moves, a consumer is counted at the old node until its keys have moved, and then at the new one,
// where ASK leads. One whose keys are at no node yet is not counted: TRYAGAIN, and nothing is done.
func TestAClusterIsFollowedWhileASlotMoves(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 2)
	s := openRecord(t, byNodes(t, addrs...), limitScript)
	const key = "moving"
	slot := keySlot(t, addrs[0], key)
	from, to := addrs[slot*2/16384], addrs[1-slot*2/16384]
	limits := Limits{TPS: 100, Quota: 100, Days: daysOf(t, "UTC")}
	want := func(when string, left int64) {
		t.Helper()
		if got := take(t, s, key, limits).DayLeft; got != left {
			t.Errorf("%s: %d left of the day, want %d", when, got, left)
		}
	}
	want("before", 99)
	redistest.BeginMove(t, slot, from, to)
	want("while the keys are where they were", 98)
	redistest.MoveKeys(t, slot, from, to)
	want("while the slot is where it was", 97)
	stranger := inSlot(slot)
	if _, err := s.Take(t.Context(), stranger, limits, 1); !errors.Is(err, errNothingDone) || !redis.IsTryAgainError(err) {
		t.Errorf("a consumer who is new: %v, want TRYAGAIN", err)
	}
	redistest.MoveSlot(t, slot, from, to)
	want("after", 96)
	if got := take(t, s, stranger, limits).DayLeft; got != 99 {
		t.Errorf("who was new while the slot moved has %d left of the day, want 99", got)
	}
}

// A master that hangs has its own consumers do without it, and no others, wherever its slots end.
func TestAMasterThatHangsCostsTheOthersNothing(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 3)
	c := byNodes(t, addrs...)
	c.Timeout = aSecond / 2
	s := openRecord(t, c, limitScript)
	g, log := guarded(s)
	g = newClusterGuard(s, c.timeout(), g.metrics, g.log, s.masterOf)
	const hangs, each = 1, 30
	var ends [6]string // of the slots of three masters
	for i, slot := range [...]int{0, 5460, 5461, 10921, 10922, 16383} {
		ends[i] = inSlot(slot)
		if got := s.masterOf(ends[i]); got != addrs[i/2] {
			t.Errorf("slot %d is at %s, want %s", slot, got, addrs[i/2])
		}
	}
	failures := func() (by [3]int) {
		for i, key := range ends {
			for range each {
				if _, err := g.Take(t.Context(), key, Limits{TPS: 1000}, 1); err != nil {
					by[i/2]++
				}
			}
		}
		return by
	}
	if by := failures(); by != [3]int{} {
		t.Fatalf("%v failures at each master before: %s", by, log)
	}
	paused := redis.NewClient(&redis.Options{Addr: addrs[hangs]})
	t.Cleanup(func() { _ = paused.Close() })
	if err := paused.Do(t.Context(), "client", "pause", time.Minute.Milliseconds(), "write").Err(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if by := failures(); by != [3]int{hangs: 2 * each} {
		t.Errorf("%v failures at each master, want %d at the one that hangs", by, 2*each)
	}
	if took, most := time.Since(start), 2*tripAfter*c.timeout(); took > most {
		t.Errorf("the requests waited %v, want no more than %v", took, most)
	}
	wantState(t, g, statePartly, 2.0/3)
	if err := paused.Do(t.Context(), "client", "unpause").Err(); err != nil {
		t.Fatal(err)
	}
	eventually.Holds(t, waiting, "it to be asked again", func() bool {
		g.probe(t.Context())
		state, _, _ := g.state()
		return state == stateAnswers
	})
	if by := failures(); by != [3]int{} {
		t.Errorf("%v failures at each master after", by)
	}
}

// inSlot returns a limit key in a slot (Redis Cluster's CRC16, XMODEM, of the hash tag).
func inSlot(slot int) string {
	for i := 0; ; i++ {
		key, crc := fmt.Sprint("c", i), uint16(0)
		for _, b := range []byte(key) {
			crc ^= uint16(b) << 8
			for range 8 {
				high := crc&0x8000 != 0
				crc <<= 1
				if high {
					crc ^= 0x1021
				}
			}
		}
		if int(crc)%16384 == slot {
			return key
		}
	}
}
