package tieredlimit

import (
	"bytes"
	"errors"
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
	return newHeart(newPeers(), s, 5*time.Second, time.Now, slog.New(slog.NewTextHandler(&log, nil))), &log
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

			age(t, all[0].store.client, nodeLife+time.Minute, all[2])
			all[0].beat(t.Context())
			wantSeen(t, all[0], "one was not heard of for long", 1)
			if ttl := all[0].store.client.TTL(t.Context(), nodesKey).Val(); ttl != nodeLife {
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
	_ = cut.store.Close()
	cut.beat(t.Context())
	wantSeen(t, cut, "cut off", 1)
	age(t, kept.store.client, nodeLife-5*time.Second, cut) // as if long ago
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

// A Redis that has taken a command away that only the count of gateways needs: requests go on.
func TestACommandThatIsRenamedIsNoneOfRequests(t *testing.T) {
	addr := redistest.StartWith(t, redisproc.Options{Settings: []string{`rename-command ZCARD ""`}}).Addr
	h, log := heartOn(t, addr)
	take(t, h.store, "a", Limits{TPS: 1})
	g, _ := guarded(h.store)
	h.witness = func(key string, took time.Duration, err error) {
		if !errors.Is(err, errNoCommand) {
			t.Errorf("error %v, want %v", err, errNoCommand)
		}
		g.witness(key, took, err)
	}
	for range 2 * tripAfter {
		h.beat(t.Context())
	}
	wantState(t, g, stateUnknown, 0)
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, errNoCommand.Error()) {
		t.Errorf("logged %s", text)
	}
}

// A real Redis says of a script's commands otherwise that the user may not use them.
func TestANodeWhoseUserMayNotCountSaysSoOnce(t *testing.T) {
	c := redisAt(redistest.StartWith(t, redisproc.Options{Settings: []string{
		"user tollgate on >hunter2 ~tollgate:* +eval +evalsha +time",
	}}).Addr)
	c.Username, c.Password = "tollgate", "hunter2"
	var log bytes.Buffer
	h := newHeart(newPeers(), openRecord(t, c, limitScript), 5*time.Second, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
	said := true
	h.told = func(key string, err error) bool { return said && key == nodesTag && errors.Is(err, errNotAllowed) }
	for range 2 * beatsTold {
		h.beat(t.Context())
	}
	if log.Len() > 0 {
		t.Errorf("while the guard says that nothing is done, this says too: %s", log.String())
	}
	said = false
	for range 2 * beatsTold {
		h.beat(t.Context())
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "lacks a right") || strings.Contains(text, "hunter") {
		t.Errorf("logged %s", text)
	}
}
