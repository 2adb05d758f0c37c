package tieredlimit

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// generationKey holds a text that changes whenever an operator has changed a count.
	generationKey = "tollgate:{generation}"
	// watchEvery is how often a node looks whether denials may be wrong.
	watchEvery = 500 * time.Millisecond
	// clockStep is how far Redis' clock may go from this node's between two looks before it is taken to
	// have been set. It is more than a call takes.
	clockStep = 250 * time.Millisecond
)

// watch forgets a node's denials when they may be wrong: a count was changed by an operator, Redis has lost
// its data, or its clock was set.
type watch struct {
	client  *redis.Client
	timeout time.Duration
	now     func() time.Time
	denials *denials

	generation string        // at the last look; empty before the first
	ahead      time.Duration // how far Redis' clock was ahead of this node's then
}

// run looks until the context ends.
func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look(ctx)
		}
	}
}

// look does nothing while there is nothing to forget. Where Redis does not answer, denials stay: they are
// as true as before, and the next look that is answered tells.
func (w *watch) look(ctx context.Context) {
	w.denials.sweep(w.now())
	if w.denials.size.Load() == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	generation, ahead, err := w.read(ctx)
	if err != nil {
		return
	}
	if generation != w.generation || (ahead-w.ahead).Abs() > clockStep {
		w.denials.drop()
	}
	w.generation, w.ahead = generation, ahead
}

func (w *watch) read(ctx context.Context) (generation string, ahead time.Duration, err error) {
	pipe := w.client.Pipeline()
	// A Redis without a generation is new, or has lost it with all counts: it gets one that no node knows.
	pipe.SetNX(ctx, generationKey, newGeneration(), 0)
	got, clock := pipe.Get(ctx, generationKey), pipe.Time(ctx)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return "", 0, err
	}
	return got.Val(), clock.Val().Sub(w.now()), nil
}

func newGeneration() string { return rand.Text() }
