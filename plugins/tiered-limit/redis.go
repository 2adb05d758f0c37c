package tieredlimit

import (
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed limit.lua
var limitScript string

// keyVersion stands in every key: a script that reads the state differently takes another.
const keyVersion = "2"

// poolSize bounds the connections to one Redis, which are opened as they are needed: a call takes well
// under a millisecond, so that they carry more than the script's own throughput.
const poolSize = 64

// redisStore keeps the counts in Redis.
type redisStore struct {
	client *redis.Client
	script *script
	now    func() time.Time
	// ahead is how far Redis' clock was found to be ahead of this node's, in nanoseconds.
	ahead atomic.Int64
}

func newRedisStore(c Redis, text string, now func() time.Time) *redisStore {
	return &redisStore{client: redis.NewClient(redisOptions(c)), script: newScript(text), now: now}
}

// redisOptions replaces the defaults that do not suit a gateway: a retried timeout may debit twice, a
// deadline that does not reach the socket does not hold, and five seconds are too long to wait.
func redisOptions(c Redis) *redis.Options {
	timeout := c.timeout()
	o := &redis.Options{
		Addr:                  c.address(),
		Username:              c.Username,
		Password:              c.Password,
		DB:                    c.Database,
		MaxRetries:            -1,
		DialerRetries:         1,
		ContextTimeoutEnabled: true,
		DialTimeout:           timeout,
		ReadTimeout:           timeout,
		WriteTimeout:          timeout,
		PoolTimeout:           timeout,
		PoolSize:              poolSize,
		PipelinePoolSize:      -1,
		Protocol:              2, // without push messages, of which there would be none
		DisableIdentity:       true,
	}
	if c.SSL {
		o.TLSConfig = c.tls()
	}
	return o
}

func (c Redis) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

func (c Redis) timeout() time.Duration { return time.Duration(c.Timeout) * time.Millisecond }

func (c Redis) tls() *tls.Config {
	name := c.ServerName
	if name == "" {
		name = c.Host
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name, InsecureSkipVerify: !c.SSLVerify}
}

// Take debits by the script.
func (s *redisStore) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	const fields = 6
	args := append(make([]any, 0, callArgs), l.TPS, l.Burst, l.Quota, n)
	reply, err := s.call(ctx, s.script, key, l.Days, args)
	if err != nil {
		return Outcome{}, fmt.Errorf("debiting in redis: %w", err)
	}
	if len(reply) != fields {
		return Outcome{}, fmt.Errorf("debiting in redis: the script returned %d values, not %d", len(reply), fields)
	}
	return Outcome{
		Admitted: reply[0],
		RateLeft: reply[1],
		RateWait: micros(reply[2]),
		DayLeft:  reply[3],
		DayEnds:  micros(reply[4]),
		Granted:  reply[5],
	}, nil
}

// call runs a script on a limit key's state and ring. Where there are days it gives Redis the starts of
// those about now; where this node's clock is off by more than they cover, Redis tells its time, and is
// asked once more.
func (s *redisStore) call(ctx context.Context, script *script, key string, days *calendar, args []any) ([]int64, error) {
	reply, err := script.run(ctx, s.client, keys(key), s.withDays(args, days)...)
	if err == nil && len(reply) == 2 && reply[0] == -1 {
		s.ahead.Store(int64(time.Unix(reply[1], 0).Sub(s.now())))
		return script.run(ctx, s.client, keys(key), s.withDays(args, days)...)
	}
	return reply, err
}

func (s *redisStore) withDays(args []any, days *calendar) []any {
	if days == nil {
		return args
	}
	for _, start := range days.around(s.now().Add(time.Duration(s.ahead.Load()))) {
		args = append(args, start)
	}
	return args
}

// keys names the state and the ring of a limit key. The braces are Cluster's hash tag: both lie in one slot.
func keys(key string) [2]string {
	prefix := "tollgate:{" + key + "}:" + keyVersion + ":"
	return [...]string{prefix + "state", prefix + "ring"}
}

// Close closes the connections.
func (s *redisStore) Close() error { return s.client.Close() }

// debugLog takes what go-redis says of its connections, a line for each failed attempt, to where it
// does not drown what an operator must see: the guard reports an outage once.
type debugLog struct{ log *slog.Logger }

func (d debugLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, fmt.Sprintf(format, args...))
}
