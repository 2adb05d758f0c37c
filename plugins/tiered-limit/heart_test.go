package tieredlimit

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

// Redis is started anew without its data, or with older ones, and gone again before all have told it that they live.
func TestNodesKeepTheirPartsWhereRedisLosesItsData(t *testing.T) {
	for kind, start := range servers {
		for name, lose := range map[string]func(t *testing.T, client redis.UniversalClient, all []*heart){
			"empty": func(t *testing.T, client redis.UniversalClient, _ []*heart) { client.FlushAll(t.Context()) },
			"after its clock": func(t *testing.T, client redis.UniversalClient, all []*heart) {
				age(t, client, nodeLife+time.Second, all...)
			},
			"with an old copy": func(t *testing.T, client redis.UniversalClient, all []*heart) { age(t, client, 2*nodeLife, all...) },
			"with a copy of before most were started": func(t *testing.T, client redis.UniversalClient, all []*heart) {
				age(t, client, time.Second, all[0])
				for _, h := range all[1:] {
					client.ZRem(t.Context(), nodesKey, h.peers.id)
				}
			},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				all := fleet(t, start(t), 5)
				lose(t, all[0].store.client, all)
				var sum int64
				for _, h := range all {
					h.beat(t.Context())
					sum += portion(100, h.peers.live(2))
				}
				if sum > 100 {
					t.Errorf("the parts of 100 add up to %d", sum)
				}
			})
		}
	}
}

// A node that has said farewell, and comes back in the same process, is none of which Redis has forgotten.
func TestANodeThatComesBackAfterItsFarewellDoubtsNothing(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			all := fleet(t, start(t), 3)
			all[0].stop(t.Context())
			all[1].beat(t.Context())
			wantSeen(t, all[1], "after a farewell", 2)
			for _, h := range all {
				h.beat(t.Context())
			}
			all[2].stop(t.Context())
			for _, h := range all[:2] {
				h.beat(t.Context())
				wantSeen(t, h, "after another one's", 2)
			}
		})
	}
}

// One that Redis has not heard of for long doubts, if it said farewell to nobody.
func TestAFarewellThatNobodyHearsIsNone(t *testing.T) {
	m := redistest.Embedded(t)
	all := fleet(t, m.Addr(), 3)
	m.SetError("LOADING Redis is loading the dataset in memory")
	all[0].stop(t.Context())
	m.SetError("")
	all[0].store.client.FlushAll(t.Context())
	all[0].beat(t.Context())
	wantSeen(t, all[0], "after a loss", 3)
}

// fleet is of so many nodes that know of each other.
func fleet(t *testing.T, addr string, nodes int) (all []*heart) {
	t.Helper()
	for range nodes {
		h, _ := heartOn(t, addr)
		h.beat(t.Context())
		all = append(all, h)
	}
	for _, h := range all {
		h.beat(t.Context())
	}
	return all
}

// age has Redis think that it heard of a node so much earlier.
func age(t *testing.T, client redis.UniversalClient, by time.Duration, nodes ...*heart) {
	t.Helper()
	for _, h := range nodes {
		if err := client.ZIncrBy(t.Context(), nodesKey, -float64(by.Microseconds()), h.peers.id).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// What Redis has forgotten counts until it would be forgotten in any case, and no longer.
func TestANodeDoubtsRedisForAsLongAsANodeCounts(t *testing.T) {
	p, now := newPeers(), noon
	for _, step := range []struct {
		when  string
		after time.Duration
		count int64
		lost  bool
		want  int64
	}{
		{"at first", 0, 1, false, 1},
		{"with the others", time.Second, 5, false, 5},
		{"one has stopped", time.Second, 4, false, 4},
		{"Redis has lost its data", time.Second, 1, true, 4},
		{"some are back", time.Second, 3, false, 4},
		{"more than before", time.Second, 6, false, 6},
		{"before the doubt ends", nodeLife - 3*time.Second, 2, false, 6},
		{"after it", time.Second, 2, false, 2},
	} {
		now = now.Add(step.after)
		noted := p.noted.Load()
		before := noted
		if step.lost {
			before--
		}
		p.saw(sighting{count: step.count, before: before, at: now.UnixMicro()}, noted, now)
		if got := p.live(9); got != step.want {
			t.Errorf("%s: %d nodes, want %d", step.when, got, step.want)
		}
	}
}

// Two connections of a process beat at once, and are answered in any order.
func TestBeatsThatCrossAreNoLoss(t *testing.T) {
	p := newPeers()
	p.saw(sighting{count: 5, at: 100}, 0, noon)
	noted := p.noted.Load()
	p.saw(sighting{count: 5, before: 101, at: 102}, noted, noon)
	p.saw(sighting{count: 5, before: 100, at: 101}, noted, noon)
	p.saw(sighting{count: 4, before: 102, at: 103}, p.noted.Load(), noon)
	if got := p.live(1); got != 4 {
		t.Errorf("one of five has stopped, and %d nodes count", got)
	}
}

// An answer that was long on its way tells no time.
func TestALateAnswerIsNoStepOfAClock(t *testing.T) {
	p := newPeers()
	for _, step := range []struct {
		when              string
		ahead, took, want time.Duration
	}{
		{"the first, however late", -2 * time.Second, time.Second, -2 * time.Second},
		{"one that was quick", time.Hour, 10 * ms, time.Hour},
		{"one that was late", time.Hour - 400*ms, 400 * ms, time.Hour},
		{"a small difference", time.Hour - clockStep, 10 * ms, time.Hour},
		{"a step", 2 * time.Hour, 10 * ms, 2 * time.Hour},
	} {
		p.heard(step.ahead, step.took)
		if got := p.offset(); got != step.want {
			t.Errorf("%s: Redis is ahead by %v, want %v", step.when, got, step.want)
		}
	}
}

func TestABeatTellsHowLongItTook(t *testing.T) {
	m := redistest.Embedded(t)
	h, _ := heartOn(t, m.Addr())
	var told []error
	h.witness = func(key string, took time.Duration, err error) {
		if key != nodesTag || took <= 0 {
			t.Errorf("a beat of %s took %v", key, took)
		}
		told = append(told, err)
	}
	h.beat(t.Context())
	m.Close()
	h.beat(t.Context())
	if len(told) != 2 || told[0] != nil || told[1] == nil {
		t.Errorf("errors %v", told)
	}
}

// Whatever keeps a node from being counted is told, once, unless it passes.
func TestANodeThatMayNotCountSaysSoOnce(t *testing.T) {
	for _, refusal := range []string{"NOPERM this user has no permissions", "WRONGTYPE Operation against a key"} {
		t.Run(refusal, func(t *testing.T) {
			m := redistest.Embedded(t)
			h, log := heartOn(t, m.Addr())
			m.SetError("LOADING Redis is loading the dataset in memory") // so it says to requests too
			for range 2 * beatsTold {
				h.beat(t.Context())
			}
			m.SetError("")
			h.beat(t.Context())
			m.SetError(refusal)
			for range beatsTold - 1 {
				h.beat(t.Context())
			}
			if log.Len() > 0 {
				t.Errorf("logged is what passes, or what the guard says: %s", log)
			}
			for range 5 {
				h.beat(t.Context())
			}
			wantSeen(t, h, "from before", 1)
			m.SetError("")
			h.beat(t.Context())
			if said := log.String(); strings.Count(said, "level=WARN") != 1 || strings.Count(said, "level=INFO") != 1 || !strings.Contains(said, refusal) {
				t.Errorf("logged %s", said)
			}
		})
	}
}
