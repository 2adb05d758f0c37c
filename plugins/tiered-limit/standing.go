package tieredlimit

import (
	"errors"
	"net"
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
	// gone is how many masters of a Cluster were away, in the state of a part.
	gone int
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
	{errSentinelDemands}, {errSentinelRefuses}, {errSentinelNeedless}, {errSentinelNoUsers}, {errSentinelRight}, {errNoSentinelThere}, {errUnknownMaster},
	{errNoAddress}, {errNoEndpoint}, {errNoRedis}, {errNoScripts}, {errTooOld},
	{errIsReplica}, {errIsFull}, {errIsCluster}, {errNoCluster},
	{errSpeaksTLS}, {errNoTLS}, {errWrongCA}, {errWrongName}, {errSilentTLS},
	{errClientCert, errHangsUpSecure},
	{errHangsUp},
	{errSilent},
}

// kindOf tells one cause from another, at a sentinel and at Redis: by what it means, else by how what Redis answers
// begins, else by how there is no connection.
func kindOf(err error) string {
	is := func(meaning error) bool { return errors.Is(err, meaning) }
	for _, kind := range kinds {
		if !slices.ContainsFunc(kind, is) {
			continue
		}
		if is(errAskingSentinels) {
			return errAskingSentinels.Error() + ": " + kind[0].Error()
		}
		return kind[0].Error()
	}
	var (
		answer redis.Error
		name   *net.DNSError
	)
	switch {
	case errors.As(err, &answer):
		return beginningOf(answer.Error())
	case errors.As(err, &name) && name.IsNotFound: // one that is not found in time may be
		return "no such host"
	case is(errNoSentinel), is(errLocating):
		return errNoSentinel.Error()
	case is(errUnreachable):
		return errUnreachable.Error()
	case ranOut(err):
		return errSilent.Error()
	}
	return "another"
}

// beginningOf is the first word of an answer, such as LOADING, and of one that says no more than ERR three more.
func beginningOf(answer string) string {
	words := strings.Fields(answer)
	most := 1
	if strings.HasPrefix(answer, "ERR ") {
		most = 4
	}
	return strings.Join(words[:min(most, len(words))], " ")
}
