package tieredlimit

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The versions whose answers were recorded on 2026-11-22.
const (
	redis6  = "Redis 6.0.20"
	redis7  = "Redis 7.0.15"
	valkey8 = "Valkey 8.0.1"
	all     = redis6 + ", " + redis7 + ", " + valkey8
)

// recorded are answers of real servers to what is wrong, each with those that give it, and what it means.
var recorded = [...]struct {
	servers, answer string
	means           error
}{
	{all, "ERR Protocol error: unauthenticated multibulk length", errNoPassword},
	{all, "NOAUTH Authentication required.", errNoPassword},
	{redis6, "WRONGPASS invalid username-password pair", errWrongPassword},
	{redis7 + ", " + valkey8, "WRONGPASS invalid username-password pair or user is disabled.", errWrongPassword},
	{all, "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?", errNeedlessSecret},
	{redis6, "NOPERM this user has no permissions to run the 'eval' command or its subcommand", errNotAllowed},
	{redis7, "NOPERM this user has no permissions to run the 'eval' command", errNotAllowed},
	{valkey8, "NOPERM User mute has no permissions to run the 'eval' command", errNotAllowed},
	{redis6 + ", " + redis7, "NOPERM this user has no permissions to access one of the keys used as arguments", errNotAllowed},
	{valkey8, "NOPERM No permissions to access a key", errNotAllowed},
	{redis6, "ERR Error running script (call to f_e42b): @user_script:1: @user_script: 1: The user executing the script can't run this command or subcommand", errNotAllowed},
	{redis7, "ERR The user executing the script can't run this command or subcommand script: e42b, on @user_script:1.", errNotAllowed},
	{valkey8, "ERR ACL failure in script: User reader has no permissions to run the 'set' command script: e42b, on @user_script:1.", errNotAllowed},
	{redis6, "ERR Error running script (call to f_acd5): @user_script:1: @user_script: 1: The user executing the script can't access at least one of the keys mentioned in the command arguments", errNotAllowed},
	{redis7, "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: acd5, on @user_script:1.", errNotAllowed},
	{valkey8, "ERR ACL failure in script: No permissions to access a key script: acd5, on @user_script:1.", errNotAllowed},
	{all, "TOOOLD this script needs SET with KEEPTTL", errTooOld},
	{all, "FOREIGN tollgate:{a}:2:state holds something else", errForeignKey},
	{redis6, "ERR Error running script (call to f_2dcc): @user_script:1: WRONGTYPE Operation against a key holding the wrong kind of value", errForeignKey},
	{redis7 + ", " + valkey8, "WRONGTYPE Operation against a key holding the wrong kind of value script: 2dcc, on @user_script:1.", errForeignKey},
	{redis6, "ERR Error running script (call to f_e42b): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.", errIsReplica},
	{redis7 + ", " + valkey8, "READONLY You can't write against a read only replica. script: e42b, on @user_script:1.", errIsReplica},
	{redis6, "ERR Error running script (call to f_e42b): @user_script:1: @user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.", errIsFull},
	{redis7 + ", " + valkey8, "OOM command not allowed when used memory > 'maxmemory'. script: e42b, on @user_script:1.", errIsFull},
	{all, "MOVED 15495 127.0.0.1:7005", errIsCluster},
	{all, "ERR This instance has cluster support disabled", errNoCluster},
	{redis6, "ERR unknown command `eval`, with args beginning with: `return 1`, `1`, `tollgate:a`, ", errNoScripts},
	{redis7 + ", " + valkey8, "ERR unknown command 'eval', with args beginning with: 'return 1' '1' 'tollgate:a' ", errNoScripts},
	{redis6, "ERR Error running script (call to f_09d7): @user_script:1: @user_script: 1: Unknown Redis command called from Lua script", errNoCommand},
	{redis7, "ERR Unknown Redis command called from script script: 09d7, on @user_script:1.", errNoCommand},
	{valkey8, "ERR Unknown command called from script script: 09d7, on @user_script:1.", errNoCommand},
}

// What a server answers means the same whichever it is, and has debited nothing.
func TestTheAnswersOfEachServerAreUnderstood(t *testing.T) {
	answers := map[[2]string]bool{} // by server and meaning
	for _, row := range recorded {
		got := classified(refusal(row.answer))
		if !errors.Is(got, row.means) || !errors.Is(got, errNothingDone) && !errors.Is(got, errForeignKey) {
			t.Errorf("%s: %q is %v, want %v with nothing done", row.servers, row.answer, got, row.means)
		}
		for server := range strings.SplitSeq(row.servers, ", ") {
			answers[[2]string{server, row.means.Error()}] = true
		}
	}
	for i, row := range meanings {
		if row.part == string(redis.Nil) {
			continue // of CLUSTER SLOTS, in a list
		}
		if !explainsAny(i) {
			t.Errorf("no recorded answer has %q", row.part)
		}
		for server := range strings.SplitSeq(all, ", ") {
			if !answers[[2]string{server, row.means.Error()}] {
				t.Errorf("no answer of %s is recorded that means: %v", server, row.means)
			}
		}
	}
}

// explainsAny tells whether a row of meanings is the first that is found in any recorded answer.
func explainsAny(row int) bool {
	for _, r := range recorded {
		first := 0
		for first < len(meanings) && !strings.Contains(r.answer, meanings[first].part) {
			first++
		}
		if first == row {
			return true
		}
	}
	return false
}
