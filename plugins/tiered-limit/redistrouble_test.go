package tieredlimit

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// silentServer takes connections and says nothing.
func silentServer(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// greeter takes connections, says a thing, and then no more.
func greeter(t *testing.T, greeting string) (addr string) {
	t.Helper()
	return serving(t, func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		if _, err := io.WriteString(conn, greeting); err == nil {
			_, _ = io.Copy(io.Discard, conn) // until the client has gone
		}
	})
}

// serving has each connection handled until the test ends.
func serving(t *testing.T, handle func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil { // closed when the test ends
				return
			}
			go handle(conn)
		}
	}()
	return l.Addr().String()
}

// aSecond is a timeout in milliseconds for what does not answer: it is waited for.
const aSecond = 1000

// An answer may come in as many pieces as it has bytes.
func TestTheBeginningOfAnAnswerIsJudgedAsItComes(t *testing.T) {
	for text, want := range map[string]struct {
		greeted bool
		err     error
	}{
		"-": {greeted: true}, "*14\r\n$6\r\nserver\r\n": {greeted: true}, "*14\r\n$6\r\n": {greeted: true},
		"*": {}, "*14\r": {}, "*14\r\n": {}, "*14\r\n$": {}, "*14\r\n$99\r": {},
		"*100": {err: nil}, "*1000": {err: errNoRedis}, "*100\r": {err: errNoRedis}, "*14\r\n$100\r": {err: errNoRedis},
		"*14\r\n*": {err: errNoRedis}, "+": {err: errNoRedis}, "\x15": {err: errSpeaksTLS},
	} {
		var atOnce, byBytes link
		if err := atOnce.greet([]byte(text)); !errors.Is(err, want.err) || atOnce.greeted != want.greeted {
			t.Errorf("%q: greeted %v, %v", text, atOnce.greeted, err)
		}
		var err error
		for i := 0; i < len(text) && err == nil && !byBytes.greeted; i++ {
			err = byBytes.greet([]byte{text[i]})
		}
		if !errors.Is(err, want.err) || byBytes.greeted != want.greeted {
			t.Errorf("%q byte by byte: greeted %v, %v", text, byBytes.greeted, err)
		}
	}
}

// verified is a record whose certificates are checked.
func verified(addr string) Redis {
	c := redisAt(addr)
	c.SSLVerify = true
	return c
}

// impatient is a record for what does not answer.
func impatient(addr string) Redis {
	c := verified(addr)
	c.Timeout = aSecond
	return c
}

// wantTrouble asks once. The error says what is wrong, one of several things, no secret, and that nothing was
// debited.
func wantTrouble(t *testing.T, c Redis, wants ...error) {
	t.Helper()
	s := openRecord(t, c, limitScript)
	out, err := s.Take(timed(t, c), "a", Limits{TPS: 9, Quota: 9, Days: daysOf(t, "UTC")}, 1)
	if !slices.ContainsFunc(wants, func(want error) bool { return errors.Is(err, want) }) || out.Admitted != 0 {
		t.Errorf("%+v, %v; want one of %v", out, err, wants)
	}
	if !errors.Is(err, errNothingDone) {
		t.Errorf("it is not known whether a debit was made: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "hunter") {
		t.Errorf("a secret is in %v", err)
	}
}

func TestTheTroubleOfUsersAndPasswordsIsNamed(t *testing.T) {
	t.Parallel() // it waits
	secret := verified(redistest.StartWith(t, redisproc.Options{Password: "hunter2"}).Addr)
	wantTrouble(t, secret, errNoPassword)
	secret.Password = "hunter3"
	wantTrouble(t, secret, errWrongPassword)
	secret.Username = "nobody"
	wantTrouble(t, secret, errWrongPassword)

	users := verified(redistest.StartWith(t, redisproc.Options{Settings: []string{
		"user reader on >hunter2 ~tollgate:* +eval +evalsha +time +get",
		"user stranger on >hunter2 ~other:* +@all",
		"user mute on >hunter2 ~tollgate:* +get",
	}}).Addr)
	users.Password = "hunter2"
	for _, users.Username = range []string{"reader", "stranger", "mute"} {
		wantTrouble(t, users, errNotAllowed)
	}
}

func TestWhatIsNoRedisIsNamed(t *testing.T) {
	t.Parallel() // it waits
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	c := verified(web.Listener.Addr().String())
	c.Password = "hunter2"
	wantTrouble(t, c, errNoRedis)
	for name, greeting := range map[string]string{
		"SSH": "SSH-2.0-OpenSSH_9.2\r\n", "SMTP": "220 hunter ESMTP\r\n", "memcached": "ERROR\r\n",
		"MySQL": "J\x00\x00\x00\x0a8.0.1\x00hunter", "AMQP": "AMQP\x00\x00\x09\x01", "a list that is too long": "*2000000000\r\n",
		"a text that is too long": "$2000000000\r\n", "a map": "%2000000000\r\n", "a line without an end": "*" + strings.Repeat("1", aSecond),
		"a list of a text that is too long": "*14\r\n$2000000000\r\n", "a list of nothing": "*0\r\n+OK\r\n", "a list of numbers": "*14\r\n:1\r\n",
		"a status": "+OK\r\n+OK\r\n",
	} {
		start := time.Now()
		wantTrouble(t, impatient(greeter(t, greeting)), errNoRedis)
		if waited := time.Since(start); waited > 3*time.Second { // the upper bound is for a loaded machine
			t.Errorf("%s: waited %v", name, waited)
		}
	}
	wantTrouble(t, impatient(greeter(t, "\x15\x03\x01\x00\x02\x02\x46")), errSpeaksTLS)
	wantTrouble(t, impatient(silentServer(t)), errSilent)
	wantTrouble(t, verified(unusedAddress(t)), errUnreachable)
	wantTrouble(t, Redis{Socket: t.TempDir() + "/none.sock", Timeout: aSecond}, errUnreachable)
}

func TestTheTroubleOfTLSIsNamed(t *testing.T) {
	t.Parallel() // it waits
	ca := redistest.NewAuthority(t)
	c := verified(redistest.StartWith(t, redisproc.Options{TLS: ca.Files(t, "redis.test")}).Addr)
	wantTrouble(t, c, errHangsUp)
	c.SSL, c.ServerName = true, "redis.test"
	wantTrouble(t, c, errWrongCA)
	c.SSLCACert, c.ServerName = ca.PEM, ""
	wantTrouble(t, c, errWrongName)
	c.ServerName = "redis.test"
	wantTrouble(t, c, errClientCert, errHangsUpSecure) // whether its alert comes before its end is a race
	c.SSLCert, c.SSLCertKey = redistest.NewAuthority(t).Sign(t, "client")
	wantTrouble(t, c, errClientCert, errHangsUpSecure)
	c.SSLCert, c.SSLCertKey = ca.Sign(t, "client")
	take(t, openRecord(t, c, limitScript), "a", Limits{TPS: 1})

	plain := impatient(redistest.Start(t))
	plain.SSL = true
	wantTrouble(t, plain, errSilentTLS) // Redis waits for the end of a line
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	plain = verified(web.Listener.Addr().String())
	plain.SSL = true
	wantTrouble(t, plain, errNoTLS)

	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	wantTrouble(t, verified(secure.Listener.Addr().String()), errHangsUp)
}

func TestTheTroubleOfRedisItselfIsNamed(t *testing.T) {
	t.Parallel() // it waits
	full := verified(redistest.StartWith(t, redisproc.Options{Settings: []string{"maxmemory 1", "maxmemory-policy noeviction"}}).Addr)
	wantTrouble(t, full, errIsFull)
	single := redistest.Start(t)
	replica := redistest.StartWith(t, redisproc.Options{Settings: []string{"replicaof " + strings.Replace(single, ":", " ", 1)}})
	wantTrouble(t, verified(replica.Addr), errIsReplica)

	wantTrouble(t, byNodes(t, single), errNoCluster)
	c := verified(single)
	c.Database = 99
	wantTrouble(t, c, errNothingDone)

	addr, _ := redistest.StartLoneNode(t, redisproc.Options{Settings: []string{"cluster-preferred-endpoint-type unknown-endpoint"}})
	wantTrouble(t, byNodes(t, addr), errNoEndpoint)
}

// A lone node of a cluster that does not know its own address is where it was found, and not on this machine.
func TestAnEmptyHostIsThatOfTheLoneNode(t *testing.T) {
	one := Redis{ClusterNodes: []ClusterNode{{"redis.test", 7}}}
	two := Redis{ClusterNodes: []ClusterNode{{"redis.test", 7}, {"other.test", 7}}}
	for _, row := range []struct {
		c                   Redis
		network, addr, want string
	}{
		{one, "tcp", ":7", "redis.test:7"},
		{one, "tcp", "192.0.2.1:7", "192.0.2.1:7"},
		{two, "tcp", ":7", ""},
		{two, "tcp", "192.0.2.1:7", "192.0.2.1:7"},
		{Redis{Socket: "/s"}, "unix", "/s", "/s"},
	} {
		got, err := (&dialer{host: row.c.loneHost()}).addressOf(t.Context(), row.network, row.addr)
		if got != row.want || errors.Is(err, errNoAddress) != (row.want == "") {
			t.Errorf("%s of %d nodes: %q, %v; want %q", row.addr, len(row.c.ClusterNodes), got, err, row.want)
		}
	}
}

// A Redis that lacks what came with 6.0 is told from the others before the script has done anything.
func TestARedisThatIsTooOldIsNamed(t *testing.T) {
	old := strings.Replace(limitScript, "redis.setresp", "redis.absent", 1)
	for kind, start := range servers {
		t.Run(kind, func(t *testing.T) {
			s := openRedis(t, start(t), old)
			if _, err := s.Take(t.Context(), "a", Limits{TPS: 1}, 1); !errors.Is(err, errTooOld) || !errors.Is(err, errNothingDone) {
				t.Errorf("error %v, want %v", err, errTooOld)
			}
			if n := s.client.DBSize(t.Context()).Val(); n != 0 {
				t.Errorf("%d keys were written", n)
			}
		})
	}
}

func TestErrorsTellWhetherADebitMayHaveBeenMade(t *testing.T) {
	for text, want := range map[string]bool{
		"LOADING Redis is loading the dataset in memory":                           true,
		"CLUSTERDOWN The cluster is down":                                          true,
		"TRYAGAIN Multiple keys request during rehashing of slot":                  true,
		"ERR Error running script (call to f_1): @user_script:9: -OOM command not": true,
		"ERR max number of clients reached":                                        true,
		"MISCONF Redis is configured to save RDB snapshots":                        true,
		"upstream failure":       false, // of a proxy
		"ERR upstream timed out": false,
	} {
		if got := errors.Is(classified(refusal(text)), errNothingDone); got != want {
			t.Errorf("%s: nothing done %v, want %v", text, got, want)
		}
	}
	if err := classified(io.ErrUnexpectedEOF); errors.Is(err, errNothingDone) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a connection that broke: %v", err)
	}
	if classified(nil) != nil {
		t.Error("no error became one")
	}
}

// refusal is an error that Redis answers.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}
