package tieredlimit

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/eventually"
	"tollgate/test/network"
	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// hangs is what a fake sentinel does that is asked and does not answer.
const hangs = "hangs"

// fakeSentinel names a master to whoever asks; none where it is empty.
func fakeSentinel(t *testing.T, master string) SentinelNode {
	t.Helper()
	addr := serving(t, func(conn net.Conn) { answerAsSentinel(conn, master) })
	return SentinelNode{"127.0.0.1", redistest.Port(t, addr)}
}

func answerAsSentinel(conn net.Conn, master string) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		reply := ""
		switch word := strings.ToLower(lines.Text()); {
		case word == "hello":
			reply = "-ERR unknown command 'hello'\r\n" // as before Redis 6.2
		case word != "get-master-addr-by-name" || master == hangs:
		case master == "":
			reply = "*-1\r\n"
		default:
			host, port, _ := net.SplitHostPort(master)
			reply = "*2\r\n$" + strconv.Itoa(len(host)) + "\r\n" + host + "\r\n$" + strconv.Itoa(len(port)) + "\r\n" + port + "\r\n"
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

func TestTheMasterIsWhomMostSentinelsName(t *testing.T) {
	const old, heir = "192.0.2.1:1", "192.0.2.2:2"
	for _, row := range []struct {
		name  string
		nodes []string
		want  string
	}{
		{"all agree", []string{heir, heir, heir}, heir},
		{"one was cut off and names the master of before", []string{old, heir, heir}, heir},
		{"one hangs", []string{hangs, heir, heir}, heir},
		{"one hangs and one knows nobody", []string{hangs, "", heir}, heir},
		{"two hang", []string{hangs, hangs, heir}, heir},
		{"all hang", []string{hangs, hangs}, ""},
		{"nobody knows it", []string{"", "", ""}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // it waits
			c := Redis{SentinelMaster: "m", Timeout: 2 * aSecond}
			for _, master := range row.nodes {
				c.SentinelNodes = append(c.SentinelNodes, fakeSentinel(t, master))
			}
			s := c.sentinels(&dialer{})
			t.Cleanup(func() { _ = s.Close() })
			got, err := s.locate(timed(t, c))
			if got != row.want || (err == nil) != (row.want != "") {
				t.Errorf("located %q, %v; want %q", got, err, row.want)
			}
			if row.want == "" && row.nodes[0] == "" && !errors.Is(err, errUnknownMaster) {
				t.Errorf("error %v, want %v", err, errUnknownMaster)
			}
		})
	}
}

// Who answers first may be the one that was cut off.
func TestTheFirstAnswerIsNotTheLast(t *testing.T) {
	s := sentinels{nodes: make([]sentinel, 3)}
	answers := make(chan named, len(s.nodes))
	for _, addr := range []string{"old:1", "heir:2", "heir:2"} {
		answers <- named{addr: addr}
	}
	if got, err := s.count(answers); got != "heir:2" || err != nil {
		t.Errorf("located %q, %v", got, err)
	}
}

// One that is slow is waited for while nobody has named a master, and then until it is outvoted.
func TestSentinelsAreWaitedForUntilTheyAreOutvoted(t *testing.T) {
	type answer struct {
		after time.Duration
		named
	}
	const slow = 6 * outvotedAfter
	away := errors.New("connection refused")
	for _, row := range []struct {
		name    string
		answers []answer
		want    string
		waited  time.Duration
	}{
		{"the only one is slow", []answer{{slow, named{addr: "heir:2"}}}, "heir:2", slow},
		{"one is away and one is slow", []answer{{0, named{err: away}}, {slow, named{addr: "heir:2"}}}, "heir:2", slow},
		{"one of three is quick", []answer{{0, named{addr: "heir:2"}}, {slow, named{addr: "old:1"}}, {slow, named{addr: "old:1"}}}, "heir:2", outvotedAfter},
		{"most agree soon", []answer{{0, named{addr: "old:1"}}, {ms, named{addr: "heir:2"}}, {2 * ms, named{addr: "heir:2"}}}, "heir:2", 2 * ms},
		{"all are away", []answer{{0, named{err: away}}, {ms, named{err: away}}}, "", ms},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sentinels{nodes: make([]sentinel, len(row.answers))}
				answers := make(chan named, len(row.answers))
				for _, a := range row.answers {
					time.AfterFunc(a.after, func() { answers <- a.named })
				}
				start := time.Now()
				got, err := s.count(answers)
				if waited := time.Since(start); got != row.want || (err == nil) != (row.want != "") || waited != row.waited {
					t.Errorf("located %q, %v after %v; want %q after %v", got, err, waited, row.want, row.waited)
				}
			})
		})
	}
}

// A sentinel has more time than a request.
func TestASentinelThatIsFarAwayIsAsked(t *testing.T) {
	t.Parallel() // it waits
	const master = "192.0.2.1:1"
	p := network.Start(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(fakeSentinel(t, master).Port)))
	p.Slow(100*ms, 0) // to and fro
	c := Redis{SentinelMaster: "m", Timeout: 50, SentinelNodes: []SentinelNode{{"127.0.0.1", redistest.Port(t, p.Addr)}}}
	s := c.sentinels(&dialer{})
	t.Cleanup(func() { _ = s.Close() })
	if got, err := s.locate(t.Context()); got != master || err != nil {
		t.Errorf("located %q, %v; want %q", got, err, master)
	}
}

func TestTheTroubleOfSentinelsIsNamed(t *testing.T) {
	t.Parallel() // it waits
	c := Redis{SentinelMaster: "m", Timeout: aSecond, SentinelNodes: []SentinelNode{fakeSentinel(t, ""), fakeSentinel(t, "")}}
	wantTrouble(t, c, errUnknownMaster)
	c.SentinelNodes = []SentinelNode{fakeSentinel(t, hangs)}
	wantTrouble(t, c, errUnreachable)
	away := unusedAddress(t)
	c.SentinelNodes = []SentinelNode{{"127.0.0.1", redistest.Port(t, away)}}
	wantTrouble(t, c, errUnreachable)
	wantTrouble(t, Redis{Host: "127.0.0.1", Port: c.SentinelNodes[0].Port, Timeout: aSecond}, errUnreachable)
}

// haveUsers tells whether sentinels of a server's version have users: those of Redis 6.0 have none.
func haveUsers(t *testing.T, server string) (have bool) {
	t.Helper()
	redistest.Await(t, server, "its version", func(c *redis.Client) bool {
		info, err := c.Info(t.Context(), "server").Result()
		have = !strings.Contains(info, "redis_version:6.0.")
		return err == nil
	})
	return have
}

// What a sentinel refuses is not said of Redis, nor twice.
func TestTheTroubleOfASentinelIsNotThatOfRedis(t *testing.T) {
	t.Parallel() // it waits
	master := redistest.Start(t)
	node := redistest.StartSentinel(t, redisproc.SentinelOptions{Master: master, Settings: []string{
		"requirepass hunter4", "user mute on >hunter3 +ping",
	}})
	c := Redis{SentinelMaster: redistest.MasterName, Timeout: 4 * aSecond, SentinelNodes: []SentinelNode{{"127.0.0.1", redistest.Port(t, node.Addr)}}}
	said := func(c Redis, want error) {
		t.Helper()
		wantTrouble(t, c, want)
		_, err := openRecord(t, c, limitScript).Take(timed(t, c), "a", Limits{TPS: 1}, 1)
		if err == nil || strings.Count(err.Error(), want.Error()) != 1 || strings.Contains(err.Error(), "redis user") || strings.Contains(err.Error(), errWrongPassword.Error()) {
			t.Errorf("said %v", err)
		}
	}
	said(c, errSentinelDemands)
	c.SentinelUsername, c.SentinelPassword = "mute", "hunter"
	refuses, right := errSentinelRefuses, errSentinelRight
	if !haveUsers(t, master) {
		refuses, right = errSentinelNoUsers, errSentinelNoUsers
	}
	said(c, refuses)
	c.SentinelPassword = "hunter3"
	said(c, right)
	c.SSL = true
	said(c, errSilentTLS)
	c.SSL = false
	c.SentinelNodes[0].Port = redistest.Port(t, master)
	c.SentinelUsername, c.SentinelPassword = "", ""
	said(c, errNoSentinelThere)
	c.SentinelNodes[0].Port = redistest.Port(t, greeter(t, "220 mail\r\n"))
	said(c, errNoRedis)
	if err := sentinelTrouble(refusal("ERR AUTH <password> called without any password configured for the default user")); !errors.Is(err, errSentinelNeedless) {
		t.Errorf("said %v", err) // as before 6.2, where a sentinel has no HELLO
	}
	if err := sentinelTrouble(refusal("ERR wrong number of arguments for 'auth' command")); !errors.Is(err, errSentinelNoUsers) {
		t.Errorf("said %v", err) // as 6.0.20 answers
	}
}

// After a failover requests are counted by the new master within a second or so, although the old one takes
// writes for seconds more: the sentinels make it a replica only then.
func TestAFailoverIsFollowed(t *testing.T) {
	t.Parallel() // sentinels take seconds to know each other
	servers := redistest.StartSentinels(t)
	s := openRecord(t, bySentinels(t, servers), limitScript)
	limits := daily(t, 1_000_000)
	for range 10 {
		take(t, s, "a", limits)
	}
	heir := redis.NewClient(&redis.Options{Addr: servers.Replica.Addr})
	t.Cleanup(func() { _ = heir.Close() })
	eventually.Holds(t, 30*time.Second, "the state at the replica", func() bool {
		return heir.Exists(t.Context(), keys("a")[0]).Val() == 1 && usedOf(t, heir, "a") == 10
	})
	servers.Failover(t)
	waited := eventually.Holds(t, 30*time.Second, "a debit at the new master", func() bool {
		take(t, s, "a", limits)
		return usedOf(t, heir, "a") > 10
	})
	if waited > 5*masterEvery { // the upper bound is for a loaded machine
		t.Errorf("the new master was found after %v", waited)
	}
}

// A master that has become a replica has done nothing: the same request is counted by the new one, which does
// not know the script yet.
func TestARequestThatMeetsAReplicaIsCountedByTheNewMaster(t *testing.T) {
	before, after := redistest.Start(t), redistest.Start(t)
	var master atomic.Value
	master.Store(before)
	d := &dialer{locate: func(context.Context) (string, error) { return master.Load().(string), nil }}
	client := redis.NewClient(redisAt(before).options(d))
	s := &redisStore{client: client, dialer: d, close: client.Close, script: newScript(limitScript), now: time.Now}
	s.lines = newPipelines(client, redisAt(before).timeout(), s.masterOf)
	t.Cleanup(func() { _ = s.Close() })
	fill(t, s, 5)
	redistest.Await(t, before, "a replica", func(c *redis.Client) bool {
		host, port, _ := net.SplitHostPort(after)
		return c.Do(t.Context(), "replicaof", host, port).Err() == nil
	})
	master.Store(after)
	for i := range int64(3) {
		if got := take(t, s, "b", daily(t, 10)).DayLeft; got != 9-i {
			t.Errorf("request %d: %d left of the day, want %d", i+1, got, 9-i)
		}
	}
	redistest.Await(t, after, "the state at the new master", func(c *redis.Client) bool { return usedOf(t, c, "b") == 3 })
}
