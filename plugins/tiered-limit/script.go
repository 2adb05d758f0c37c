package tieredlimit

import (
	"context"
	"crypto/sha1" // what EVALSHA names a script by
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// script is a Lua script whose result is a list of integers.
type script struct{ text, hash string }

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text))
	return &script{text: text, hash: hex.EncodeToString(sum[:])}
}

// errNoPassword is what a Redis that demands a password means.
var errNoPassword = errors.New("redis demands a password, and none is configured")

// errForeignKey means that a key of a limit holds something else.
var errForeignKey = errors.New("the key holds no state of tiered-limit")

// callArgs is how many arguments of a call there is room for before their list must grow.
const callArgs = 8

// run runs the script: by its hash, and once by its text where Redis does not know that (NOSCRIPT, after
// SCRIPT FLUSH, a restart or a failover), in which case nothing was done yet. It is redis.Script.Run with
// one list of arguments in the place of several.
func (s *script) run(ctx context.Context, client *redis.Client, keys [2]string, args ...any) ([]int64, error) {
	const head = 5
	list := make([]any, 0, head+callArgs)
	list = append(list, "evalsha", s.hash, len(keys), keys[0], keys[1])
	reply, err := execute(ctx, client, append(list, args...))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		list = append(list[:0], "eval", s.text, len(keys), keys[0], keys[1])
		return execute(ctx, client, append(list, args...))
	}
	return reply, err
}

func execute(ctx context.Context, client *redis.Client, list []any) ([]int64, error) {
	const firstKey = 3
	cmd := redis.NewIntSliceCmd(ctx, list...)
	cmd.SetFirstKeyPos(firstKey)
	_ = client.Process(ctx, cmd) // its error is the command's
	reply, err := cmd.Result()
	return reply, explained(err)
}

// explained puts what an error of Redis means in front of it, where that is not what it says.
func explained(err error) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "unauthenticated multibulk length"):
		// Redis takes so long a command of nobody it knows for an attack, and does not say NOAUTH.
		return fmt.Errorf("%w: %w", errNoPassword, err)
	case redis.HasErrorPrefix(err, "WRONGTYPE"), redis.HasErrorPrefix(err, "FOREIGN"):
		return fmt.Errorf("%w: %w", errForeignKey, err)
	}
	return err
}
