package tieredlimit

import (
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed limit.lua
var limitScript string

// keyVersion stands in every key: a script that reads the state differently takes another.
const keyVersion = "1"

// poolSize bounds the connections to one Redis, which are opened as they are needed: a call takes well
// under a millisecond, so that they carry more than the script's own throughput.
const poolSize = 64

// redisStore keeps the counts in Redis.
type redisStore struct {
	client *redis.Client
	script *redis.Script
}

func newRedisStore(c Redis, script string) *redisStore {
	return &redisStore{client: redis.NewClient(redisOptions(c)), script: redis.NewScript(script)}
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

// Take runs the script: by its hash, and once by its text where Redis does not know that (NOSCRIPT,
// after SCRIPT FLUSH, a restart or a failover), in which case nothing was debited yet.
func (s *redisStore) Take(ctx context.Context, key string, l Limits) (Outcome, error) {
	reply, err := s.script.Run(ctx, s.client, keys(key), l.TPS, l.Burst, l.Quota).Int64Slice()
	if err != nil {
		return Outcome{}, fmt.Errorf("debiting in redis: %w", err)
	}
	const fields = 5
	if len(reply) != fields {
		return Outcome{}, fmt.Errorf("debiting in redis: the script returned %d values, not %d", len(reply), fields)
	}
	return Outcome{
		Admitted: reply[0] == 1,
		RateLeft: reply[1],
		RateWait: time.Duration(reply[2]) * time.Millisecond,
		DayLeft:  reply[3],
		DayEnds:  time.Duration(reply[4]) * time.Millisecond,
	}, nil
}

// keys names a consumer's state and ring. The braces are Cluster's hash tag: both lie in one slot.
func keys(key string) []string {
	prefix := "tollgate:{" + key + "}:" + keyVersion + ":"
	return []string{prefix + "state", prefix + "ring"}
}

// Close closes the connections.
func (s *redisStore) Close() error { return s.client.Close() }

// debugLog takes what go-redis says of its connections, a line for each failed attempt, to where it
// does not drown what an operator must see: the guard reports an outage once.
type debugLog struct{ log *slog.Logger }

func (d debugLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, fmt.Sprintf(format, args...))
}
