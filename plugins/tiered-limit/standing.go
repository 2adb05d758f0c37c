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

// kinds are the causes of an outage that an operator must tell apart. What stands in one line is one cause: which of
// it is said is chance, or depends on how far an attempt to connect has come. The first that is found counts.
var kinds = [...][]error{
	{errNoPassword}, {errWrongPassword}, {errNeedlessSecret}, {errNotAllowed}, {errNoCommand},
	{errSentinelDemands}, {errSentinelRefuses}, {errSentinelNeedless}, {errSentinelRight}, {errNoSentinelThere}, {errUnknownMaster},
	{errNoAddress}, {errNoEndpoint}, {errNoRedis}, {errNoScripts}, {errTooOld},
	{errIsReplica}, {errIsFull}, {errIsCluster}, {errNoCluster},
	{errSpeaksTLS}, {errNoTLS}, {errWrongCA}, {errWrongName}, {errSilentTLS},
	{errClientCert, errHangsUpSecure},
	{errHangsUp},
	{errSilent},
	{errNoSentinel, errLocating},
}

// kindOf tells one cause from another: by what it means, else by the first word of what Redis answers, such as
// LOADING.
func kindOf(err error) string {
	is := func(meaning error) bool { return errors.Is(err, meaning) }
	for _, kind := range kinds {
		if slices.ContainsFunc(kind, is) {
			return kind[0].Error()
		}
	}
	var answer redis.Error
	switch {
	case errors.As(err, &answer):
		code, _, _ := strings.Cut(answer.Error(), " ")
		return code
	case is(errUnreachable):
		return errUnreachable.Error()
	case ranOut(err):
		return errSilent.Error()
	}
	return "another"
}
