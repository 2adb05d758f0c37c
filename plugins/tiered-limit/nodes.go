package tieredlimit

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed nodes.lua
var nodesScript string

const (
	// nodesKey holds the nodes that share a Redis.
	nodesKey = "tollgate:{nodes}"
	// beatEvery is how often a node says that it lives, and learns how many others do.
	beatEvery = time.Second
	// nodeLife is how long a node counts that has not said so. It is long, for a node that is cut off from
	// Redis still admits its part: it must not be given to others that are cut off later.
	nodeLife = 10 * time.Minute
)

// peers are what a node knows of those that share its Redis, from when it was last answered.
type peers struct {
	// id names this node: the process.
	id string
	// seen is how many there were; zero before the first answer.
	seen atomic.Int64
	// ahead is how far Redis' clock was ahead of this node's, in nanoseconds.
	ahead atomic.Int64
}

func newPeers() *peers { return &peers{id: rand.Text()} }

// live is how many nodes there are, and unseen where Redis has never told.
func (p *peers) live(unseen int64) int64 {
	if seen := p.seen.Load(); seen > 0 {
		return seen
	}
	return max(1, unseen)
}

func (p *peers) offset() time.Duration { return time.Duration(p.ahead.Load()) }

// saw takes note of how many nodes Redis counts, and of its time. What calls take is not taken for a step of
// a clock, so that the time that the node reckons with does not jump.
func (p *peers) saw(count int64, ahead time.Duration) {
	p.seen.Store(count)
	if (ahead - p.offset()).Abs() > clockStep {
		p.ahead.Store(int64(ahead))
	}
}

// heart tells Redis that the node lives.
type heart struct {
	peers   *peers
	client  redis.UniversalClient
	script  *redis.Script
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger
	refused bool // which was logged
}

func newHeart(p *peers, client redis.UniversalClient, timeout time.Duration, now func() time.Time, log *slog.Logger) *heart {
	return &heart{peers: p, client: client, script: redis.NewScript(nodesScript), timeout: timeout, now: now, log: log}
}

// run beats until the context ends.
func (h *heart) run(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		h.beat(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (h *heart) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	reply, err := h.script.Run(ctx, h.client, []string{nodesKey}, h.peers.id, int64(nodeLife/time.Second)).Int64Slice()
	const fields = 3
	if err == nil && len(reply) != fields {
		err = fmt.Errorf("the script returned %d values, not %d", len(reply), fields)
	}
	h.tell(err)
	if err == nil {
		h.peers.saw(reply[0], time.Unix(reply[1], reply[2]*int64(time.Microsecond)).Sub(h.now()))
	}
}

// tell says once that Redis does not let this node count the others: without Redis it takes there to be
// fallback_nodes. That Redis does not answer is for the guard to say.
func (h *heart) tell(err error) {
	switch refused := redis.IsPermissionError(err); {
	case refused && !h.refused:
		h.log.Warn("redis does not let this gateway count the others", "key", nodesKey, "error", err)
		h.refused = true
	case err == nil && h.refused:
		h.log.Info("redis lets this gateway count the others again")
		h.refused = false
	}
}

// stop tells Redis that the node lives no more, so that the others may have its part.
func (h *heart) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	_ = h.client.ZRem(ctx, nodesKey, h.peers.id) // else it counts for as long as one that was killed
}
