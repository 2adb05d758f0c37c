package tieredlimit

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/network"
	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// What go-redis would do with its defaults does not suit a gateway.
func TestClientsKeepToTheTimeoutAndCallOnce(t *testing.T) {
	c := Redis{Host: "redis", Port: 6380, Timeout: 20, Username: "u", Password: "p", Database: 3}
	o := c.options(&dialer{})
	if o.Network != "tcp" || o.Addr != "redis:6380" || o.Username != "u" || o.Password != "p" || o.DB != 3 {
		t.Errorf("connects to %s %s, database %d, as %s", o.Network, o.Addr, o.DB, o.Username)
	}
	const want = 20 * ms
	if o.ReadTimeout != want || o.WriteTimeout != want || o.PoolTimeout != want || !o.ContextTimeoutEnabled {
		t.Errorf("timeouts %v, %v, %v, want %v, and the context's", o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, want)
	}
	if o.MaxRetries != -1 || o.DialerRetries != 1 {
		t.Errorf("%d retries of a debit, %d tries to connect; want none and one", o.MaxRetries, o.DialerRetries)
	}
	c.Host, c.Socket = "", "/redis.sock"
	if o := c.options(&dialer{}); o.Network != "unix" || o.Addr != "/redis.sock" {
		t.Errorf("connects to %s %s", o.Network, o.Addr)
	}
}

func TestAClusterIsAskedAtItsMastersAndNotTwice(t *testing.T) {
	c := Redis{ClusterNodes: []ClusterNode{{"a", 1}, {"b", 2}}, ClusterMaxRedirections: 7, Timeout: 20}
	o := c.clusterOptions(&dialer{})
	if o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
		t.Error("reads go to replicas")
	}
	if o.MaxRedirects != 7 || o.MaxRetries != -1 || o.DialerRetries != 1 || !o.ContextTimeoutEnabled || len(o.Addrs) != 2 {
		t.Errorf("%+v", o)
	}
	const want = 20 * ms
	if o.DialTimeout != dialTimeout || o.ReadTimeout != want || o.WriteTimeout != want || o.PoolTimeout != want {
		t.Errorf("timeouts %v, %v, %v, %v", o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout)
	}
}

// Sentinels have users of their own: Redis' password is not shown to them.
func TestSentinelsAreToldTheirOwnPassword(t *testing.T) {
	c := Redis{
		SentinelMaster: "m", SentinelNodes: []SentinelNode{{"s", 1}}, Username: "u", Password: "hunter2", Database: 3,
		SentinelUsername: "su", SentinelPassword: "sp", Timeout: 20,
	}
	if o := c.sentinelOptions(&dialer{}, "s:1"); o.Username != "su" || o.Password != "sp" || o.DB != 0 || o.Addr != "s:1" || o.MinIdleConns != 0 {
		t.Errorf("%s as %s, database %d", o.Addr, o.Username, o.DB)
	}
}

// A connection that takes longer to open than a request waits is opened all the same, for those that come later.
func TestAConnectionIsOpenedLongerThanARequestWaits(t *testing.T) {
	t.Parallel() // it waits
	addr := redistest.Start(t)
	c := redisAt(addr)
	c.Timeout = 300
	d := &dialer{locate: func(ctx context.Context) (string, error) { return addr, pause(ctx, 2*c.timeout()) }}
	client := redis.NewClient(c.options(d))
	s := &redisStore{client: client, dialer: d, close: client.Close, script: newScript(limitScript), now: time.Now}
	s.lines = newPipelines(client, c.timeout(), s.masterOf)
	t.Cleanup(func() { _ = s.Close() })
	_, err := s.Take(timed(t, c), "a", Limits{TPS: 1}, 1)
	if !errors.Is(err, errUnreachable) || !errors.Is(err, errLocating) || !errors.Is(err, errNothingDone) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the first request gets %v", err)
	}
	eventually.Holds(t, 10*time.Second, "an answer", func() bool {
		_, err := s.Take(timed(t, c), "a", Limits{TPS: 1}, 1)
		return err == nil
	})
}

// Where a request has no time for all that a new connection needs (HELLO, SELECT and the call), a probe has.
func TestARedisThatIsFarAwayIsReached(t *testing.T) {
	t.Parallel() // it waits
	p := network.Start(t, redistest.StartWith(t, redisproc.Options{Settings: []string{aclUser}}).Addr)
	p.Slow(100*ms, 0) // to and fro
	c := redisAt(p.Addr)
	c.Username, c.Password, c.Database, c.Timeout = "tollgate", "hunter2", 3, aSecond/2
	g := newGuard(openRecord(t, c, limitScript), c.timeout(), newMetrics(nil), slog.New(slog.DiscardHandler))
	probing(t, g)
	failed := 0
	eventually.Holds(t, waiting, "an answer", func() bool {
		_, err := ask(t, g)
		if err != nil {
			failed++
		}
		return err == nil && g.position() == positionClosed
	})
	if failed < tripAfter {
		t.Errorf("%d requests failed, want enough to open the breaker", failed)
	}
}

// That all connections are in use says nothing of them: they go on being used.
func TestAPoolThatIsEmptyGivesNothingUp(t *testing.T) {
	t.Parallel() // it waits
	p := network.Start(t, redistest.Start(t))
	c := redisAt(p.Addr)
	c.Timeout = aSecond
	s := openRecord(t, c, limitScript)
	fill(t, s, poolSize)
	held := hold(t, s, poolSize)
	if _, err := s.Take(t.Context(), "a", Limits{TPS: 1000}, 1); !errors.Is(err, redis.ErrPoolTimeout) || !errors.Is(err, errNothingDone) {
		t.Errorf("with all connections in use: %v", err)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	before := p.Dials()
	take(t, s, "a", Limits{TPS: 1000})
	if n := p.Dials() - before; n > 0 {
		t.Errorf("%d connections were opened anew", n)
	}
}

// A connection that Redis has closed while nobody used it costs no request.
func TestAConnectionThatRedisHasClosedIsNotUsed(t *testing.T) {
	ca := redistest.NewAuthority(t)
	plain := redisAt(redistest.Start(t))
	secure := redisAt(redistest.StartWith(t, redisproc.Options{TLS: ca.Files(t, "127.0.0.1")}).Addr)
	secure.SSL, secure.SSLVerify, secure.SSLCACert = true, true, ca.PEM
	secure.SSLCert, secure.SSLCertKey = ca.Sign(t, "client")
	for name, c := range map[string]Redis{"without TLS": plain, "with TLS": secure} {
		s, other := openRecord(t, c, limitScript), openRecord(t, c, limitScript)
		fill(t, s, 5)
		if n, err := other.client.ClientKillByFilter(t.Context(), "type", "normal", "skipme", "yes").Result(); err != nil || n < 5 {
			t.Fatalf("%s: %d connections were closed, %v", name, n, err)
		}
		if _, err := s.Take(t.Context(), "a", Limits{TPS: 1000}, 1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A pool opens more connections than it needs, and one with TLS that has not been used is not read from: the server's
// tickets wait there. That Redis has closed it is seen all the same.
func TestAConnectionThatRedisHasClosedBeforeItsFirstUseIsGivenUp(t *testing.T) {
	ca := redistest.NewAuthority(t)
	c := redisAt(redistest.StartWith(t, redisproc.Options{TLS: ca.Files(t, "127.0.0.1")}).Addr)
	c.SSL, c.SSLVerify, c.SSLCACert = true, true, ca.PEM
	c.SSLCert, c.SSLCertKey = ca.Sign(t, "client")
	s := openRecord(t, c, limitScript)
	conn, err := s.dialer.dial(t.Context(), "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	l, ok := conn.(*link)
	if !ok {
		t.Fatalf("a %T", conn)
	}
	if _, err := l.SyscallConn(); err != nil {
		t.Fatalf("a connection that stands: %v", err)
	}
	eventually.Holds(t, aSecond*time.Millisecond, "the end to be seen", func() bool {
		if err := s.client.ClientKillByFilter(t.Context(), "type", "normal", "skipme", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		_, err := l.SyscallConn()
		return errors.Is(err, errGivenUp)
	})
}
