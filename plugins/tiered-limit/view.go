package tieredlimit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// view is what a node sees of what can make its denials wrong.
type view struct {
	generation string
	// masters are how far the clock of each Redis that keeps counts is ahead of this node's, by where it
	// is and by its run id, another one with each start: one, or those of a cluster.
	masters map[string]time.Duration
}

// differs tells whether something has happened between two views.
func (v view) differs(other view) bool {
	if v.generation != other.generation || len(v.masters) != len(other.masters) {
		return true
	}
	for master, ahead := range v.masters {
		before, known := other.masters[master]
		if !known || (ahead-before).Abs() > clockStep {
			return true
		}
	}
	return false
}

// viewOf looks at Redis. Its error tells that not all of it could be seen.
func viewOf(ctx context.Context, client redis.UniversalClient, now func() time.Time) (view, error) {
	pipe := client.Pipeline()
	// A Redis without a generation is new, or has lost it with all counts: it gets one that no node knows.
	pipe.SetNX(ctx, generationKey, newGeneration(), 0)
	got := pipe.Get(ctx, generationKey)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if got.Err() != nil {
		return view{}, got.Err()
	}
	v := view{generation: got.Val(), masters: map[string]time.Duration{}}
	var mu sync.Mutex
	err := eachMaster(ctx, client, func(ctx context.Context, master *redis.Client) error {
		name, ahead, err := glance(ctx, master, now)
		mu.Lock()
		defer mu.Unlock()
		v.masters[name] = ahead
		return err
	})
	return v, err
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
func glance(ctx context.Context, master *redis.Client, now func() time.Time) (name string, ahead time.Duration, err error) {
	pipe := master.Pipeline()
	clock := pipe.Time(ctx)
	info := pipe.Info(ctx, "server") // a user may not be allowed to ask
	_, _ = pipe.Exec(ctx)            // each command has its own error
	if clock.Err() != nil {
		return "", 0, clock.Err()
	}
	return master.Options().Addr + " " + runID(info.Val()), clock.Val().Sub(now()), nil
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
