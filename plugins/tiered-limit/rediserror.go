package tieredlimit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// errNothingDone is what every error is whose call is certain to have debited nothing. After another one it
// is not known.
var errNothingDone = errors.New("nothing was debited")

// undone makes an error errNothingDone, without a word.
type undone struct{ error }

// Unwrap returns a list, since go-redis takes off what wraps a single error (initPooledConn in redis.go).
func (u undone) Unwrap() []error { return []error{u.error} }

func (undone) Is(target error) bool { return target == errNothingDone }

// refusals are how answers begin with which Redis refuses a call as a whole, or tells that a script has failed
// on its way: it has debited nothing then, since it writes the state last (limit.lua). What a proxy may answer
// in Redis' place is not among them.
var refusals = [...]string{
	"NOSCRIPT ", "READONLY ", "LOADING ", "MOVED ", "ASK ", "TRYAGAIN ", "CROSSSLOT ", "CLUSTERDOWN ", "MASTERDOWN ", "OOM ",
	"NOAUTH ", "WRONGPASS ", "NOPERM ", "MISCONF ", "NOREPLICAS ", "BUSY ", "WRONGTYPE ", "FOREIGN ", "TOOOLD ",
	"ERR unknown command", "ERR max number of clients", "ERR AUTH ", "ERR invalid DB index", "ERR DB index",
	"ERR SELECT is not allowed", "ERR Protocol error", "ERR This instance has cluster support disabled",
	string(redis.Nil), // of CLUSTER SLOTS
}

// Where a script fails on its way, scriptFailed begins what Redis 6 answers, and onScript stands in what Redis 7 and
// Valkey do.
const (
	scriptFailed = "ERR Error running script"
	onScript     = ", on @user_script:"
)

// classified makes an error of a call errNothingDone where that is certain, and says what it means.
func classified(err error) error {
	if err == nil {
		return nil
	}
	told := explained(err)
	if nothingDone(err) {
		return undone{told}
	}
	return told
}

func nothingDone(err error) bool {
	var answer redis.Error
	switch {
	case errors.As(err, &answer):
		text := answer.Error()
		return refused(text) || strings.HasPrefix(text, scriptFailed) || strings.Contains(text, onScript)
	case errors.Is(err, errNothingDone): // it was not sent
		return true
	case isPools(err):
		return true
	}
	// A request whose time is over while it waits for a connection. On a connection the time is the socket's,
	// whose error is os.ErrDeadlineExceeded.
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// refused tells an answer that is one of the refusals.
func refused(text string) bool {
	return slices.ContainsFunc(refusals[:], func(start string) bool { return strings.HasPrefix(text, start) })
}

// listed tells an answer that is one of the refusals, or has a meaning.
func listed(answer redis.Error) bool {
	_, meaning := meaningOf(answer)
	return meaning != nil || refused(answer.Error())
}

// isPools tells an error of the pool of connections, which says nothing of those.
func isPools(err error) bool {
	return errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, redis.ErrClosed)
}

// isReadOnly tells a Redis that has become a replica. Redis 6 says so within another error.
func isReadOnly(err error) bool {
	return err != nil && answered(err) && redis.IsReadOnlyError(err)
}

// answered tells an error that Redis itself answers.
func answered(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

// explained puts what an error of Redis means in front of it, where that is not what it says.
func explained(err error) error {
	switch stranger, meaning := meaningOf(err); {
	case meaning == nil:
		return err
	case stranger:
		return meaning // its answer may repeat what it was told
	default:
		return fmt.Errorf("%w: %w", meaning, err)
	}
}
