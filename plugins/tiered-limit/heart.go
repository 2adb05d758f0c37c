package tieredlimit

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"time"
)

//go:embed nodes.lua
var nodesScript string

const (
	// nodesTag is what the key of the nodes has in the place of a limit key, nodesKey that key.
	nodesTag = "nodes"
	nodesKey = "tollgate:{" + nodesTag + "}"
	// beatEvery is how often a node says that it lives, and learns how many others do.
	beatEvery = time.Second
	// beatsTold is how many beats in a row Redis refuses when that is logged: where it refuses requests too, the
	// guard has said so by then.
	beatsTold = 3
)

// heart tells Redis that the node lives.
type heart struct {
	peers   *peers
	store   *redisStore
	script  *script
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger
	// witness hears of each beat what it tells of Redis; nil for nobody.
	witness func(key string, took time.Duration, err error)
	// told tells whether the log says already of requests for key what a beat was refused for; nil is no.
	told    func(key string, err error) bool
	refused int // beats in a row
}

func newHeart(p *peers, s *redisStore, timeout time.Duration, now func() time.Time, log *slog.Logger) *heart {
	return &heart{peers: p, store: s, script: newScript(nodesScript), timeout: timeout, now: now, log: log}
}

// run beats until the context ends.
func (h *heart) run(ctx context.Context) {
	h.beat(ctx)
	every(ctx, beatEvery, h.beat)
}

func (h *heart) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	start, noted := time.Now(), h.peers.noted.Load()
	reply, err := h.store.run(ctx, h.script, []string{nodesKey}, []any{h.peers.id, int64(nodeLife / time.Second)})
	took := time.Since(start)
	const fields = 3
	if err == nil && len(reply) != fields {
		err = fmt.Errorf("the script returned %d values, not %d", len(reply), fields)
	}
	h.tell(err)
	if err == nil {
		now := h.now()
		h.peers.saw(sighting{count: reply[0], before: reply[1], at: reply[2]}, noted, now)
		h.peers.heard(time.UnixMicro(reply[2]).Sub(now), took)
	}
	if h.witness != nil {
		h.witness(nodesTag, took, err)
	}
}

// tell says once that Redis does not let this node count the others: it takes there to be as many as it has last
// seen, and without that fallback_nodes. What is wrong with the calls of requests too is for the guard to say.
func (h *heart) tell(err error) {
	switch {
	case err == nil:
		if h.refused >= beatsTold {
			h.log.Info("redis lets this gateway count the others again")
		}
		h.refused = 0
	case !concernsRequests(err) && (h.told == nil || !h.told(nodesTag, err)):
		if h.refused++; h.refused == beatsTold {
			h.log.Warn("redis does not let this gateway count the others", "key", nodesKey, "error", err)
		}
	}
}

// stop tells Redis that the node lives no more, so that the others may have its part.
func (h *heart) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	if h.store.client.ZRem(ctx, nodesKey, h.peers.id).Err() == nil { // else it counts for as long as one that was killed
		h.peers.noted.Store(0) // that Redis does not know it, should it come back, is no loss then
	}
}
