package tieredlimit

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
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
// its data or was started anew, perhaps with older data, or its clock was set.
type watch struct {
	client  *redis.Client
	timeout time.Duration
	now     func() time.Time
	denials *denials
	log     *slog.Logger

	seen  view // at the last look; of nothing before the first
	blind bool // Redis does not let this node look, which was logged
}

// view is what a node sees of what can make its denials wrong.
type view struct {
	generation string
	process    string        // of Redis: another one with each start
	ahead      time.Duration // how far Redis' clock is ahead of this node's
}

// differs tells whether something has happened between two views.
func (v view) differs(other view) bool {
	return v.generation != other.generation || v.process != other.process || (v.ahead-other.ahead).Abs() > clockStep
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
	seen, err := w.read(ctx)
	w.tell(err)
	if err != nil {
		return
	}
	if seen.differs(w.seen) {
		w.denials.drop()
	}
	w.seen = seen
}

func (w *watch) read(ctx context.Context) (view, error) {
	pipe := w.client.Pipeline()
	// A Redis without a generation is new, or has lost it with all counts: it gets one that no node knows.
	pipe.SetNX(ctx, generationKey, newGeneration(), 0)
	got, clock := pipe.Get(ctx, generationKey), pipe.Time(ctx)
	info := pipe.Info(ctx, "server") // a user may not be allowed to ask
	_, _ = pipe.Exec(ctx)            // each command has its own error
	if err := errors.Join(got.Err(), clock.Err()); err != nil {
		return view{}, err
	}
	return view{generation: got.Val(), process: runID(info.Val()), ahead: clock.Val().Sub(w.now())}, nil
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

// tell says once that Redis answers and does not let this node look: grants and resets then hold only as
// denials end. That Redis does not answer is for the guard to say.
func (w *watch) tell(err error) {
	var refused redis.Error
	switch blind := errors.As(err, &refused); {
	case blind && !w.blind:
		w.log.Warn("redis does not let this gateway see whether counts were changed", "key", generationKey, "error", err)
		w.blind = true
	case err == nil && w.blind:
		w.log.Info("redis lets this gateway see again whether counts were changed")
		w.blind = false
	}
}

func newGeneration() string { return rand.Text() }
