package tieredlimit

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
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
	client  redis.UniversalClient
	timeout time.Duration
	now     func() time.Time
	denials *denials
	log     *slog.Logger

	seen  view // at the last look; of nothing before the first
	blind bool // Redis does not let this node look, which was logged
}

// run looks until the context ends.
func (w *watch) run(ctx context.Context) {
	every(ctx, watchEvery, w.look)
}

// look does nothing while there is nothing to forget. Where Redis does not answer, or a part of it, denials
// stay: they are as true as before, and the next look that is answered tells.
func (w *watch) look(ctx context.Context) {
	w.denials.sweep(w.now())
	if w.denials.size.Load() == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	seen, err := viewOf(ctx, w.client, w.now)
	w.tell(err)
	if seen.differs(w.seen) {
		w.denials.drop()
	}
	w.seen = seen.over(w.seen)
}

// tell says once that Redis answers and does not let this node look: grants and resets then hold only as
// denials end. That Redis does not answer is for the guard to say.
func (w *watch) tell(err error) {
	switch blind := errors.Is(explained(err), errNotAllowed); {
	case blind && !w.blind:
		w.log.Warn("redis does not let this gateway see whether counts were changed", "key", generationKey, "error", explained(err))
		w.blind = true
	case err == nil && w.blind:
		w.log.Info("redis lets this gateway see again whether counts were changed")
		w.blind = false
	}
}

func newGeneration() string { return rand.Text() }
