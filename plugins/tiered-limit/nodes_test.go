package tieredlimit

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// heartOn is the heart of a node of its own, and its log.
func heartOn(t *testing.T, addr string) (*heart, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	s := openRedis(t, addr, limitScript)
	return newHeart(newPeers(), s.client, 5*time.Second, time.Now, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func wantSeen(t *testing.T, h *heart, when string, want int64) {
	t.Helper()
	if got := h.peers.seen.Load(); got != want {
		t.Errorf("%s: %d nodes are seen, want %d", when, got, want)
	}
}

func TestNodesCountEachOther(t *testing.T) {
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			addr := start(t)
			var all []*heart
			for range 3 {
				h, _ := heartOn(t, addr)
				all = append(all, h)
				h.beat(t.Context())
			}
			all[0].beat(t.Context())
			all[0].beat(t.Context())
			wantSeen(t, all[0], "with three", 3)

			all[1].stop(t.Context())
			all[0].beat(t.Context())
			wantSeen(t, all[0], "one has stopped", 2)

			long := float64(time.Now().Add(-nodeLife - time.Minute).Unix())
			all[0].client.ZIncrBy(t.Context(), nodesKey, long-float64(time.Now().Unix()), all[2].peers.id)
			all[0].beat(t.Context())
			wantSeen(t, all[0], "one was not heard of for long", 1)
			if ttl := all[0].client.TTL(t.Context(), nodesKey).Val(); ttl != nodeLife {
				t.Errorf("the nodes are kept for %v", ttl)
			}
		})
	}
}

// A node that is cut off keeps its part, and so it must count for the others.
func TestANodeThatIsCutOffStillCounts(t *testing.T) {
	addr := redistest.Start(t)
	kept, _ := heartOn(t, addr)
	cut, _ := heartOn(t, addr)
	cut.beat(t.Context())
	kept.beat(t.Context())
	_ = cut.client.Close()
	cut.beat(t.Context())
	wantSeen(t, cut, "cut off", 1)
	kept.client.ZIncrBy(t.Context(), nodesKey, -(nodeLife - 5*time.Second).Seconds(), cut.peers.id) // as if long ago
	kept.beat(t.Context())
	wantSeen(t, kept, "nearly as long as a node counts", 2)
}

func TestANodeLearnsRedisTime(t *testing.T) {
	h, _ := heartOn(t, redistest.Start(t))
	h.now = func() time.Time { return time.Now().Add(-time.Hour) }
	h.beat(t.Context())
	if got := h.peers.offset(); (got - time.Hour).Abs() > 30*time.Second { // what a loaded machine adds
		t.Errorf("Redis is ahead by %v", got)
	}
}

// A real Redis says of a script's commands otherwise that the user may not use them.
func TestANodeWhoseUserMayNotCountSaysSoOnce(t *testing.T) {
	c := redisAt(redistest.StartWith(t, redisproc.Options{Settings: []string{
		"user tollgate on >hunter2 ~tollgate:* +eval +evalsha +time",
	}}).Addr)
	c.Username, c.Password = "tollgate", "hunter2"
	var log bytes.Buffer
	h := newHeart(newPeers(), openRecord(t, c, limitScript).client, 5*time.Second, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
	counts := false
	h.answers = func() bool { return counts }
	for range 2 * beatsTold {
		h.beat(t.Context())
	}
	if log.Len() > 0 {
		t.Errorf("while the guard says that nothing is done, this says too: %s", log.String())
	}
	counts = true
	for range 2 * beatsTold {
		h.beat(t.Context())
	}
	if said := log.String(); strings.Count(said, "level=WARN") != 1 || !strings.Contains(said, "lacks a right") || strings.Contains(said, "hunter") {
		t.Errorf("logged %s", said)
	}
}
