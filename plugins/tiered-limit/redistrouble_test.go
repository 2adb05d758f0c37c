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

// aSecond is a timeout in milliseconds for what does not answer: it is waited for.
const aSecond = 1000

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
	_, err := openRecord(t, c, limitScript).Take(timed(t, c), "a", Limits{TPS: 9}, 1)
	if !errors.Is(err, errNoRedis) || strings.Contains(err.Error(), "400") {
		t.Errorf("error %v, want %v and nothing of the answer", err, errNoRedis)
	}
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
