package tieredlimit

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

// Redis is started anew without its data, and gone again before all have told it that they live.
func TestNodesKeepTheirPartsWhereRedisLosesItsData(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			addr := start(t)
			var all []*heart
			for range 5 {
				h, _ := heartOn(t, addr)
				h.beat(t.Context())
				all = append(all, h)
			}
			for _, h := range all {
				h.beat(t.Context())
			}
			client := all[0].client
			for name, lose := range map[string]func(){
				"empty":            func() { client.FlushAll(t.Context()) },
				"after its clock":  func() { age(t, client, nodeLife+time.Second) },
				"with an old copy": func() { age(t, client, 2*nodeLife) },
			} {
				lose()
				var sum int64
				for _, h := range all {
					h.beat(t.Context())
					sum += portion(100, h.peers.live(2))
				}
				if sum > 100 {
					t.Errorf("%s: the parts of 100 add up to %d", name, sum)
				}
			}
		})
	}
}

// age has Redis think that it heard of each node so much earlier.
func age(t *testing.T, client redis.UniversalClient, by time.Duration) {
	t.Helper()
	for _, id := range client.ZRange(t.Context(), nodesKey, 0, -1).Val() {
		if err := client.ZIncrBy(t.Context(), nodesKey, -by.Seconds(), id).Err(); err != nil {
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
		isNew bool
		want  int64
	}{
		{"at first", 0, 1, true, 1},
		{"with the others", time.Second, 5, false, 5},
		{"one has stopped", time.Second, 4, false, 4},
		{"Redis has lost its data", time.Second, 1, true, 4},
		{"some are back", time.Second, 3, false, 4},
		{"more than before", time.Second, 6, false, 6},
		{"before the doubt ends", nodeLife - 3*time.Second, 2, false, 6},
		{"after it", time.Second, 2, false, 2},
	} {
		now = now.Add(step.after)
		p.saw(step.count, step.isNew, now)
		if got := p.live(9); got != step.want {
			t.Errorf("%s: %d nodes, want %d", step.when, got, step.want)
		}
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
			h.beat(t.Context())
			m.SetError(refusal)
			for range beatsTold - 1 {
				h.beat(t.Context())
			}
			if log.Len() > 0 {
				t.Errorf("what passes is logged: %s", log)
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
