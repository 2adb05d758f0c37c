package scale

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// crowd is so many consumers, each of which is known to Redis by one request.
type crowd struct {
	of    int
	key   string // of all keys: where another crowd must not be met
	first int
}

// id is as long as Kong's.
func (c crowd) id(i int) string {
	return fmt.Sprintf("5b1a8b6e-8a5e-4a3c-%.4s-%012x", c.key+"0000", c.first+i)
}

// keys are those under which tiered-limit counts a consumer: state and ring.
func (c crowd) keys(i int) []string {
	prefix := "tollgate:{default:consumer:" + c.id(i) + "}:2:"
	return []string{prefix + "state", prefix + "ring"}
}

// load has each consumer make its request, many in one write.
func (c crowd) load(t *testing.T, s *store, k kind, starts [4]int64) {
	t.Helper()
	const together, lines = 500, 4
	// Its connections are gone when those of the plugin server are counted.
	client := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: s.addrs, ReadTimeout: patience, WriteTimeout: patience})
	defer client.Close()
	args := []any{k.tps, k.burst, k.quota, 1, starts[0], starts[1], starts[2], starts[3]}
	var next atomic.Int64
	var running sync.WaitGroup
	for range lines {
		running.Go(func() {
			for {
				from := int(next.Add(together)) - together
				if from >= c.of || t.Context().Err() != nil {
					return
				}
				if err := c.send(t, client, s.script, from, min(from+together, c.of), args); err != nil {
					t.Errorf("loading consumers: %v", err)
					return
				}
			}
		})
	}
	running.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func (c crowd) send(t *testing.T, client redis.UniversalClient, script *redis.Script, from, to int, args []any) error {
	pipe := client.Pipeline()
	replies := make([]*redis.Cmd, 0, to-from)
	for i := from; i < to; i++ {
		replies = append(replies, script.EvalSha(t.Context(), pipe, c.keys(i), args...))
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		return err
	}
	for _, reply := range replies {
		if told, err := reply.Int64Slice(); err != nil || told[0] != 1 {
			return fmt.Errorf("a consumer's first request: %v, %w", told, err)
		}
	}
	return nil
}
