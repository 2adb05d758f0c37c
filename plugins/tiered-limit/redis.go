package tieredlimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed limit.lua
var limitScript string

// keyVersion stands in every key: a script that reads the state differently takes another.
const keyVersion = "2"

// redisStore keeps the counts in Redis.
type redisStore struct {
	client redis.UniversalClient
	dialer *dialer
	close  func() error
	script *script
	lines  *pipelines
	now    func() time.Time
	// ahead is how far Redis' clock was found to be ahead of this node's, in nanoseconds.
	ahead atomic.Int64
}

// newRedisStore returns a store. Its error is one of certificates: that Redis is away its calls tell.
func newRedisStore(c Redis, text string, now func() time.Time) (*redisStore, error) {
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	s := &redisStore{dialer: &dialer{tls: secure, host: c.loneHost()}, script: newScript(text), now: now}
	switch {
	case len(c.ClusterNodes) > 0:
		s.client = redis.NewClusterClient(c.clusterOptions(s.dialer))
		s.close = s.client.Close
	case len(c.SentinelNodes) > 0:
		s.openBySentinels(c)
	default:
		s.client = redis.NewClient(c.options(s.dialer))
		s.close = s.client.Close
	}
	s.lines = newPipelines(s.client, c.timeout(), s.masterOf)
	return s, nil
}

// openBySentinels opens a client of whoever is the master, and follows who that is until it is closed.
func (s *redisStore) openBySentinels(c Redis) {
	found := c.sentinels(&dialer{tls: s.dialer.tls, toSentinels: true})
	s.dialer.locate = found.locate
	s.client = redis.NewClient(c.options(s.dialer))
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { found.follow(ctx, s.dialer) })
	s.close = func() error {
		stop()
		following.Wait()
		return errors.Join(s.client.Close(), found.Close())
	}
}

// Take debits by the script. Its error is errNothingDone where that is certain.
//
// While a Cluster's slot moves, what needs two keys gets TRYAGAIN unless both are at one node, and what needs
// one is answered by the old node or the new. Only an exact rate needs two: it has debited nothing then, and is
// counted by a bucket of a second's requests, as which it goes on a second after the move.
func (s *redisStore) Take(ctx context.Context, key string, l Limits, n int64) (Outcome, error) {
	const fields = 6
	names := keys(key)
	if l.TPS == 0 || l.Burst > 0 {
		names = names[:1]
	}
	reply, err := s.take(ctx, names, l, n)
	if len(names) > 1 && redis.IsTryAgainError(err) {
		l.Burst = l.TPS
		reply, err = s.take(ctx, names[:1], l, n)
	}
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

func (s *redisStore) take(ctx context.Context, names []string, l Limits, n int64) ([]int64, error) {
	args := append(make([]any, 0, callArgs), l.TPS, l.Burst, l.Quota, n)
	return s.call(ctx, s.script, names, l.Days, args)
}

// call runs a script on keys of one count. Where there are days it gives Redis the starts of those about now;
// where this node's clock is off by more than they cover, Redis tells its time, and is asked once more.
func (s *redisStore) call(ctx context.Context, script *script, names []string, days *calendar, args []any) ([]int64, error) {
	reply, err := s.run(ctx, script, names, s.withDays(args, days))
	if err == nil && len(reply) == 2 && reply[0] == -1 {
		s.ahead.Store(int64(time.Unix(reply[1], 0).Sub(s.now())))
		return s.run(ctx, script, names, s.withDays(args, days))
	}
	return reply, err
}

// run runs a script once. A Redis that has become a replica has done nothing: its connections are given up,
// and who took its place is asked at once.
func (s *redisStore) run(ctx context.Context, script *script, names []string, args []any) ([]int64, error) {
	age := s.dialer.age.Load()
	reply, err := script.run(ctx, s.lines.of(names[0]), names, args...)
	if isReadOnly(err) {
		s.dialer.giveUp(age)
		reply, err = script.run(ctx, s.lines.of(names[0]), names, args...)
	}
	s.learn(ctx, err)
	return reply, classified(s.waited(names[0], err))
}

// waited adds to the error of a call for a key why it had no connection, to the master of a Cluster that has the key.
func (s *redisStore) waited(key string, err error) error {
	if err == nil {
		return nil
	}
	addr := ""
	if s.lines.known.Load() { // else the client would ask for the masters
		addr = s.masterOf(key)
	}
	return s.dialer.waited(addr, err)
}

// learn notes that a call went well, and has a cluster's client look who is there where one got no answer.
func (s *redisStore) learn(ctx context.Context, err error) {
	switch {
	case err == nil:
		s.lines.met()
		return
	case answered(err), errors.Is(err, context.Canceled), isPools(err), errors.Is(err, errQueued), errors.Is(err, errFollowed):
		return
	}
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
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
func keys(key string) []string {
	prefix := "tollgate:{" + key + "}:" + keyVersion + ":"
	return []string{prefix + "state", prefix + "ring"}
}

// masterOf is the address of the master of a Cluster that has a limit key, which its client knows once it was
// answered, and does not ask for then; empty where it does not know. A limit key has no braces: its slot is that
// of its keys.
func (s *redisStore) masterOf(key string) string {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return ""
	}
	master, err := cluster.MasterForKey(context.Background(), key)
	if err != nil {
		return ""
	}
	return master.Options().Addr
}

// Close closes the connections.
func (s *redisStore) Close() error { return s.close() }

// debugLog takes what go-redis says of its connections, a line for each failed attempt, to where it
// does not drown what an operator must see: the guard reports an outage once.
type debugLog struct{ log *slog.Logger }

func (d debugLog) Printf(ctx context.Context, format string, args ...any) {
	d.log.DebugContext(ctx, fmt.Sprintf(format, args...))
}
