package tieredlimit

import (
	"context"
	"crypto/sha1" // what EVALSHA names a script by
	"encoding/hex"

	"github.com/redis/go-redis/v9"
)

// script is a Lua script whose result is a list of integers.
type script struct{ text, hash string }

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text))
	return &script{text: text, hash: hex.EncodeToString(sum[:])}
}

// callArgs is how many arguments of a call there is room for before their list must grow.
const callArgs = 8

// run runs the script: by its hash, and once by its text where Redis does not know that (NOSCRIPT, after
// SCRIPT FLUSH, a restart or a failover), in which case nothing was done yet. It is redis.Script.Run with
// one list of arguments in the place of several.
func (s *script) run(ctx context.Context, via caller, keys []string, args ...any) ([]int64, error) {
	list := make([]any, firstKey, firstKey+len(keys)+callArgs)
	list[0], list[1], list[2] = "evalsha", s.hash, len(keys)
	for _, key := range keys {
		list = append(list, key)
	}
	list = append(list, args...)
	reply, err := execute(ctx, via, list)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		list[0], list[1] = "eval", s.text
		return execute(ctx, via, list)
	}
	return reply, err
}

// firstKey is where the keys begin in EVAL and EVALSHA.
const firstKey = 3

func execute(ctx context.Context, via caller, list []any) ([]int64, error) {
	cmd := redis.NewIntSliceCmd(ctx, list...)
	cmd.SetFirstKeyPos(firstKey)
	if err := via.Process(ctx, once{cmd}); err != nil {
		return nil, err
	}
	return cmd.Val(), nil
}

// once is a call that must not be made again after it has got no answer: it may have debited. The client of
// a cluster would make it again, whatever MaxRetries says, but for NoRetry; it follows redirections all the
// same, since a node that redirects has done nothing.
type once struct{ *redis.IntSliceCmd }

// NoRetry is asked by the client before it makes a call again.
func (once) NoRetry() bool { return true }

var _ redis.Cmder = once{}
