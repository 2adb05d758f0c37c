package tieredlimit

import (
	"testing"
)

// What go-redis would do with its defaults does not suit a gateway.
func TestClientsKeepToTheTimeoutAndCallOnce(t *testing.T) {
	c := Redis{Host: "redis", Port: 6380, Timeout: 20, Username: "u", Password: "p", Database: 3}
	o := c.options(&dialer{})
	if o.Network != "tcp" || o.Addr != "redis:6380" || o.Username != "u" || o.Password != "p" || o.DB != 3 {
		t.Errorf("connects to %s %s, database %d, as %s", o.Network, o.Addr, o.DB, o.Username)
	}
	const want = 20 * ms
	if o.DialTimeout >= want || o.ReadTimeout != want || o.WriteTimeout != want || o.PoolTimeout != want || !o.ContextTimeoutEnabled {
		t.Errorf("timeouts %v, %v, %v, %v, want %v, less to connect, and the context's", o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, want)
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
	if o.DialTimeout >= want || o.ReadTimeout != want || o.WriteTimeout != want || o.PoolTimeout != want {
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
