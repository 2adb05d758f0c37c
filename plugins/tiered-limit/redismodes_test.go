package tieredlimit

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

// aclUser is the user that the documentation names, with database.
const aclUser = "user tollgate on >hunter2 ~tollgate:* +eval +evalsha +time +get +set +getrange +setrange +expire +zadd +zremrangebyscore +zcard +zrem +info +select"

// modes start a Redis of each kind and say how to reach it.
var modes = map[string]func(*testing.T) Redis{
	"a single server": func(t *testing.T) Redis { return redisAt(redistest.Start(t)) },
	"a unix socket": func(t *testing.T) Redis {
		path := filepath.Join(t.TempDir(), "redis.sock")
		redistest.StartWith(t, redisproc.Options{Socket: path})
		return Redis{Socket: path, Timeout: 5000}
	},
	"a user with the rights that are documented, in another database": func(t *testing.T) Redis {
		c := redisAt(redistest.StartWith(t, redisproc.Options{Settings: []string{"user default off", aclUser}}).Addr)
		c.Username, c.Password, c.Database = "tollgate", "hunter2", 3
		return c
	},
	"TLS that demands a client's certificate": func(t *testing.T) Redis {
		ca := redistest.NewAuthority(t)
		c := redisAt(redistest.StartWith(t, redisproc.Options{TLS: ca.Files(t, "127.0.0.1")}).Addr)
		c.SSL, c.SSLVerify, c.SSLCACert = true, true, ca.PEM
		c.SSLCert, c.SSLCertKey = ca.Sign(t, "client")
		return c
	},
	"an address of IPv6": func(t *testing.T) Redis {
		c := redisAt(redistest.StartWith(t, redisproc.Options{Settings: []string{bothFamilies(t)}}).Addr)
		c.Host = "::1"
		return c
	},
	"sentinels": func(t *testing.T) Redis { return bySentinels(t, redistest.StartSentinels(t)) },
	"sentinels with TLS and users at both": func(t *testing.T) Redis {
		ca := redistest.NewAuthority(t)
		files := ca.Files(t, "127.0.0.1")
		master := redistest.StartWith(t, redisproc.Options{TLS: files, Settings: []string{aclUser}})
		node := redistest.StartSentinel(t, redisproc.SentinelOptions{Master: master.Addr, TLS: files, Settings: []string{
			"user default off", "user watcher on >hunter3 -@all " + neededAtSentinels,
		}})
		c := Redis{
			SentinelMaster: redistest.MasterName, Timeout: 5000, SentinelNodes: []SentinelNode{{"127.0.0.1", redistest.Port(t, node.Addr)}},
			SentinelUsername: "watcher", SentinelPassword: "hunter3", Username: "tollgate", Password: "hunter2", Database: 3,
			SSL: true, SSLVerify: true, SSLCACert: ca.PEM,
		}
		c.SSLCert, c.SSLCertKey = ca.Sign(t, "client")
		return c
	},
	"a cluster": func(t *testing.T) Redis { return byNodes(t, redistest.StartCluster(t, 3)...) },
	"a cluster's user with the rights that are documented": func(t *testing.T) Redis {
		addr, plain := redistest.StartLoneNode(t, redisproc.Options{})
		return asClusterUser(t, byNodes(t, addr), plain)
	},
	"a cluster with TLS, a user, and a node that does not know its address": func(t *testing.T) Redis {
		ca := redistest.NewAuthority(t)
		addr, plain := redistest.StartLoneNode(t, redisproc.Options{TLS: ca.Files(t, "127.0.0.1")})
		c := asClusterUser(t, byNodes(t, addr), plain)
		c.SSL, c.SSLVerify, c.SSLCACert = true, true, ca.PEM
		c.SSLCert, c.SSLCertKey = ca.Sign(t, "client")
		return c
	},
	"a cluster's node with an address of IPv6": func(t *testing.T) Redis {
		addr, _ := redistest.StartLoneNode(t, redisproc.Options{Settings: []string{bothFamilies(t), "cluster-announce-ip ::1"}})
		c := byNodes(t, addr)
		c.ClusterNodes[0].IP = "::1"
		return c
	},
}

// bothFamilies has a server listen on IPv6 too. A machine may have none.
func bothFamilies(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("left out, for want of IPv6 on this machine: " + t.Name())
	}
	_ = l.Close()
	return "bind 127.0.0.1 ::1"
}

// asClusterUser makes the user that the documentation names at a cluster of one node.
func asClusterUser(t *testing.T, c Redis, plain string) Redis {
	t.Helper()
	rules := []any{"acl", "setuser"}
	for _, word := range strings.Fields(aclUser + " -select " + neededInCluster)[1:] {
		rules = append(rules, word)
	}
	redistest.Await(t, plain, "a user", func(client *redis.Client) bool { return client.Do(t.Context(), rules...).Err() == nil })
	c.Username, c.Password = "tollgate", "hunter2"
	return c
}

func bySentinels(t *testing.T, s *redistest.Sentinels) Redis {
	t.Helper()
	c := Redis{SentinelMaster: redistest.MasterName, Timeout: 5000}
	for _, node := range s.Nodes {
		c.SentinelNodes = append(c.SentinelNodes, SentinelNode{"127.0.0.1", redistest.Port(t, node.Addr)})
	}
	return c
}

func byNodes(t *testing.T, addrs ...string) Redis {
	t.Helper()
	c := Redis{ClusterMaxRedirections: 5, Timeout: 5000}
	for _, addr := range addrs {
		c.ClusterNodes = append(c.ClusterNodes, ClusterNode{"127.0.0.1", redistest.Port(t, addr)})
	}
	return c
}

// What the plugin does with Redis it does with each kind: count, forget a script and be sent it again, grant,
// have nodes hear of that, count the nodes, and debit what was admitted without it.
func TestEveryKindOfRedisCounts(t *testing.T) {
	t.Parallel() // sentinels take seconds to know each other
	for kind, start := range modes {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			s := openRecord(t, c, limitScript)
			limits := Limits{TPS: 1000, Quota: 5, Days: daysOf(t, "UTC")}
			const consumers = 20 // over all nodes of a cluster
			for i := range consumers {
				if got := takeN(t, s, fmt.Sprint(i), limits, 9); got.Admitted != 5 || got.DayLeft != 0 {
					t.Errorf("consumer %d: %+v, want 5 of 9 admitted", i, got)
				}
			}
			ledger, err := OpenLedger(c, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ledger.Close() })
			hearOfAGrant(t, s, ledger, limits)
			settleWithPeers(t, s, limits)
		})
	}
}

// settleWithPeers has a node count itself, and debit what it has admitted.
func settleWithPeers(t *testing.T, s *redisStore, limits Limits) {
	t.Helper()
	own, log := ownLocal(newMetrics(nil)), &journal{}
	h := newHeart(own.peers, s, 5*time.Second, time.Now, slog.New(slog.NewTextHandler(log, nil)))
	h.beat(t.Context())
	wantSeen(t, h, "a node alone: "+log.String(), 1)
	own.take("owing", limits, 1)
	g := newGuard(s, 5*time.Second, newMetrics(nil), slog.New(slog.DiscardHandler))
	newSettler(own, s, g, g.log).step(t.Context(), everyKey, localShards)
	wantOwed(t, own, "after it was settled", 0)
	if got := take(t, s, "owing", limits).DayLeft; got != limits.Quota-2 {
		t.Errorf("%d left of the day, of which one was owed", got)
	}
	h.stop(t.Context())
	other := newHeart(newPeers(), s, 5*time.Second, time.Now, slog.New(slog.DiscardHandler))
	other.beat(t.Context())
	wantSeen(t, other, "after the first has stopped", 1)
}

// hearOfAGrant has a node that refuses from memory look, before and after a grant.
func hearOfAGrant(t *testing.T, s *redisStore, ledger *Ledger, limits Limits) {
	t.Helper()
	node := newFront(s, 5*time.Second, time.Now, newMetrics(nil))
	w := watch{client: s.client, timeout: 5 * time.Second, now: time.Now, denials: node.denials, log: slog.New(slog.DiscardHandler)}
	of := tier{"free", limits}
	count := func() string {
		out, source, err := node.Count(t.Context(), "7", of)
		return fmt.Sprint(out.Admitted, " ", source, " ", err)
	}
	count()
	w.look(t.Context()) // the first look forgets
	count()
	for range 3 {
		w.look(t.Context())
		if got := count(); got != "0 memory <nil>" {
			t.Errorf("after a look at nothing new: %s", got)
		}
	}
	if _, after, err := ledger.Grant(t.Context(), "7", limits, 2); err != nil || after.Granted != 2 || after.Remaining != 2 {
		t.Errorf("granted: %+v, %v", after, err)
	}
	w.look(t.Context())
	if got := count(); got != "1 redis <nil>" {
		t.Errorf("after a grant: %s", got)
	}
}

// A Redis that does not answer costs what the timeout says and no more, however it is reached.
func TestASilentRedisCostsTheTimeoutInEveryMode(t *testing.T) {
	silent := silentServer(t)
	host, port := "127.0.0.1", redistest.Port(t, silent)
	for kind, c := range map[string]Redis{
		"a single server":          {Host: host, Port: port},
		"a single server with TLS": {Host: host, Port: port, SSL: true},
		"sentinels":                {SentinelMaster: "m", SentinelNodes: []SentinelNode{{host, port}, {"localhost", port}}},
		"a cluster":                {ClusterNodes: []ClusterNode{{host, port}, {"localhost", port}}, ClusterMaxRedirections: 5},
	} {
		t.Run(kind, func(t *testing.T) {
			c.Timeout = int(patience / ms)
			g, _ := guarded(openRecord(t, c, limitScript))
			for range 3 {
				waited, err := ask(t, g)
				if err == nil || waited > 10*patience { // the upper bound is for a loaded machine
					t.Errorf("waited %v for %v, want %v and an error", waited, err, patience)
				}
			}
		})
	}
}

// timed is a context as the guard makes it.
func timed(t *testing.T, c Redis) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), c.timeout())
	t.Cleanup(cancel)
	return ctx
}
