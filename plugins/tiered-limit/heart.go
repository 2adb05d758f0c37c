package tieredlimit

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed nodes.lua
var nodesScript string

const (
	// nodesTag is what the key of the nodes has in the place of a limit key, nodesKey that key.
	nodesTag = "nodes"
	nodesKey = "tollgate:{" + nodesTag + "}"
	// beatEvery is how often a node says that it lives, and learns how many others do.
	beatEvery = time.Second
	// beatsTold is how many beats in a row Redis refuses when that is logged: as one that loads its data does
	// for a moment, of which the guard tells.
	beatsTold = 3
)

// heart tells Redis that the node lives.
type heart struct {
	peers   *peers
	client  redis.UniversalClient
	script  *redis.Script
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger
	// witness hears of each beat what it tells of Redis; nil for nobody.
	witness func(key string, took time.Duration, err error)
	// answers tells whether Redis does what it is asked for otherwise: what is wrong with all of it the guard
	// says. nil is yes.
	answers func() bool
	refused int // beats in a row
}

func newHeart(p *peers, client redis.UniversalClient, timeout time.Duration, now func() time.Time, log *slog.Logger) *heart {
	return &heart{peers: p, client: client, script: redis.NewScript(nodesScript), timeout: timeout, now: now, log: log}
}

// run beats until the context ends.
func (h *heart) run(ctx context.Context) {
	h.beat(ctx)
	every(ctx, beatEvery, h.beat)
}

func (h *heart) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	start := time.Now()
	reply, err := h.script.Run(ctx, h.client, []string{nodesKey}, h.peers.id, int64(nodeLife/time.Second)).Int64Slice()
	took := time.Since(start)
	const fields = 4
	if err == nil && len(reply) != fields {
		err = fmt.Errorf("the script returned %d values, not %d", len(reply), fields)
	}
	h.tell(err)
	if err == nil {
		now := h.now()
		h.peers.saw(reply[0], reply[1] == 1, now)
		h.peers.heard(time.Unix(reply[2], reply[3]*int64(time.Microsecond)).Sub(now), took)
	}
	if h.witness != nil {
		h.witness(nodesTag, took, err)
	}
}

// tell says once that Redis does not let this node count the others: it takes there to be as many as it has last
// seen, and without that fallback_nodes. That Redis does not answer is for the guard to say.
func (h *heart) tell(err error) {
	switch {
	case err == nil:
		if h.refused >= beatsTold {
			h.log.Info("redis lets this gateway count the others again")
		}
		h.refused = 0
	case answered(err):
		if h.answers != nil && !h.answers() {
			return
		}
		if h.refused++; h.refused == beatsTold {
			h.log.Warn("redis does not let this gateway count the others", "key", nodesKey, "error", explained(err))
		}
	}
}

// stop tells Redis that the node lives no more, so that the others may have its part.
func (h *heart) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	_ = h.client.ZRem(ctx, nodesKey, h.peers.id) // else it counts for as long as one that was killed
}
