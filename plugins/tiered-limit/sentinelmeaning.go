package tieredlimit

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a sentinel, as an operator is told.
var (
	errAskingSentinels  = errors.New("asking the sentinels for the master")
	errSentinelDemands  = errors.New("a sentinel demands a password, and sentinel_password is absent")
	errSentinelRefuses  = errors.New("a sentinel refuses sentinel_username or sentinel_password")
	errSentinelNeedless = errors.New("sentinel_password is configured, and a sentinel has none")
	errSentinelNoUsers  = errors.New("sentinel_username is configured, and a sentinel has no users: those of Redis 6.0 have none")
	errSentinelRight    = errors.New("sentinel_username lacks a right at a sentinel: it needs " + neededAtSentinels)
	errNoSentinelThere  = errors.New("what answers is no sentinel: it may be a redis")
)

// neededAtSentinels are the rights of an ACL user of the sentinels.
const neededAtSentinels = "+sentinel|get-master-addr-by-name"

// noUsers stands in what a sentinel of Redis 6.0 answers to AUTH with a username.
const noUsers = "wrong number of arguments for 'auth' command"

// sentinelTrouble says what an error of a sentinel means. It keeps no answer of the sentinel but its text: that
// of a Redis would be told in Redis' words, and would say that Redis answers.
func sentinelTrouble(err error) error {
	stranger, meaning := meaningOf(err)
	switch {
	case errors.Is(meaning, errNoPassword):
		meaning = errSentinelDemands
	case errors.Is(meaning, errWrongPassword):
		meaning = errSentinelRefuses
	case errors.Is(meaning, errNeedlessSecret):
		meaning = errSentinelNeedless
	case answered(err) && strings.Contains(err.Error(), noUsers):
		meaning = errSentinelNoUsers
	case errors.Is(meaning, errNotAllowed):
		meaning = errSentinelRight
	case errors.Is(meaning, errNoScripts):
		return errNoSentinelThere
	case stranger:
		return fmt.Errorf("a sentinel: %w", meaning)
	case errors.Is(err, errNoSentinel):
		return err
	case answered(err):
		return fmt.Errorf("a sentinel answers: %s", err.Error())
	default:
		return fmt.Errorf("a sentinel: %w", err)
	}
	return fmt.Errorf("%w: %s", meaning, err.Error())
}
