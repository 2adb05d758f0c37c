package tieredlimit

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// standing is what was last reported of a store.
type standing struct {
	mu    sync.Mutex // whoever reports holds it until that is logged, so that lines stand in their order
	state string
	since time.Time // of the state
	// missed is when it last stopped to answer in full, cause its last error since then, and kinds those of the
	// errors that were logged.
	missed time.Time
	cause  error
	kinds  map[string]bool
}

func newStanding() standing { return standing{state: stateUnknown, since: time.Now()} }

// rank is how bad a state is.
func rank(state string) int {
	return slices.Index([]string{stateAnswers, stateUnknown, statePartly, stateSilent}, state)
}

// away tells whether requests are known to find nobody, or some of them.
func away(state string) bool { return rank(state) >= rank(statePartly) }

// become takes note of a state at now, and returns the one before.
func (s *standing) become(state string, now time.Time) (before string) {
	before = s.state
	if state == before {
		return before
	}
	s.state, s.since = state, now
	if away(state) && !away(before) {
		s.missed, s.cause, s.kinds = now, nil, map[string]bool{}
	}
	return before
}

// blame takes note of why a store is away, nil where the last call does not tell, and tells whether such a cause is
// new.
func (s *standing) blame(err error) (fresh bool) {
	if err == nil || saysNothing(err) {
		return false
	}
	const most = 16 // what is no Redis may answer anything
	s.cause = err
	kind := kindOf(err)
	fresh = !s.kinds[kind] && len(s.kinds) < most
	if fresh {
		s.kinds[kind] = true
	}
	return fresh
}

// kindOf tells one cause from another: by the first word of what Redis answers, such as LOADING.
func kindOf(err error) string {
	var answer redis.Error
	switch {
	case errors.As(err, &answer):
		code, _, _ := strings.Cut(answer.Error(), " ")
		return code
	case errors.Is(err, errUnreachable):
		return "no connection"
	case ranOut(err):
		return "no answer"
	}
	return "another"
}
