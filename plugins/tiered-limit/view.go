package tieredlimit

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// view is what a node sees of what can make its denials wrong.
type view struct {
	generation string // empty where it was not seen
	// masters are the Redis that keep counts, one or those of a cluster, by where they are.
	masters map[string]glimpse
}

// glimpse is what is seen of one Redis.
type glimpse struct {
	seen  bool
	runID string        // another one with each start; empty where the user may not ask
	ahead time.Duration // how far its clock is ahead of this node's
}

// differs tells whether something has happened since a view. What was not seen, of a Redis that is away, says
// nothing.
func (v view) differs(before view) bool {
	if v.generation != "" && v.generation != before.generation {
		return true
	}
	known := len(v.masters) > 0 && len(before.masters) > 0
	if known && len(v.masters) != len(before.masters) {
		return true
	}
	for addr, now := range v.masters {
		then, same := before.masters[addr]
		if known && !same || now.seen && now.differs(then) {
			return true
		}
	}
	return false
}

func (g glimpse) differs(before glimpse) bool {
	return !before.seen || g.runID != before.runID || (g.ahead-before.ahead).Abs() > clockStep
}

// over is the view with what was seen of the rest before.
func (v view) over(before view) view {
	if v.generation == "" {
		v.generation = before.generation
	}
	if len(v.masters) == 0 {
		v.masters = before.masters
	}
	for addr, now := range v.masters {
		if then, known := before.masters[addr]; known && !now.seen {
			v.masters[addr] = then
		}
	}
	return v
}

// viewOf looks at Redis. Its error tells that not all of it could be seen.
func viewOf(ctx context.Context, client redis.UniversalClient, now func() time.Time) (view, error) {
	pipe := client.Pipeline()
	// A Redis without a generation is new, or has lost it with all counts: it gets one that no node knows.
	made := pipe.SetNX(ctx, generationKey, newGeneration(), 0)
	got := pipe.Get(ctx, generationKey)
	_, _ = pipe.Exec(ctx) // each command has its own error
	err := got.Err()
	if errors.Is(err, redis.Nil) {
		err = made.Err()
	}
	v := view{generation: got.Val(), masters: map[string]glimpse{}}
	var mu sync.Mutex
	unseen := eachMaster(ctx, client, func(ctx context.Context, master *redis.Client) error {
		found, err := glance(ctx, master, now)
		mu.Lock()
		defer mu.Unlock()
		v.masters[master.Options().Addr] = found
		return err
	})
	return v, cmp.Or(err, unseen)
}

// eachMaster calls for each Redis that keeps counts.
func eachMaster(ctx context.Context, client redis.UniversalClient, call func(context.Context, *redis.Client) error) error {
	switch c := client.(type) {
	case *redis.Client:
		return call(ctx, c)
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, call)
	}
	return errors.New("the client is of no kind that is known")
}

// glance reads which Redis this is, and its clock.
func glance(ctx context.Context, master *redis.Client, now func() time.Time) (glimpse, error) {
	pipe := master.Pipeline()
	clock := pipe.Time(ctx)
	info := pipe.Info(ctx, "server") // a user may not be allowed to ask
	_, _ = pipe.Exec(ctx)            // each command has its own error
	if clock.Err() != nil {
		return glimpse{}, clock.Err()
	}
	return glimpse{seen: true, runID: runID(info.Val()), ahead: clock.Val().Sub(now())}, nil
}

// runID is the line of INFO that differs with each start of Redis; empty where there is none.
func runID(info string) string {
	for line := range strings.Lines(info) {
		if strings.HasPrefix(line, "run_id:") {
			return line
		}
	}
	return ""
}
