package tieredlimit

import (
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// poolSize bounds the connections to one Redis, or to one node of a cluster, which are opened as they
	// are needed: a call takes well under a millisecond, so that they carry more than the script's own
	// throughput.
	poolSize = 64
	// dialsAtOnce bounds those that are being opened: a Redis that comes back is not met by all at once.
	dialsAtOnce = 8
	// idleConnections are kept ready, so that a request after a quiet hour need not connect. A cluster's
	// clients keep none: they would to each replica too, which is never asked.
	idleConnections = 1
	// buffer is enough for a call and its answer, in bytes, which go-redis has 32 KiB for, twice for each
	// connection.
	buffer = 4096
	// clusterReload is how old a client's view of a cluster becomes before it asks anew, unasked.
	clusterReload = 10 * time.Second
)

// dialTimeout is what a connection has to be opened, with the name, the sentinels and TLS. A request that waits
// for it leaves after its own time, and a later one finds the connection open. It is more than the two seconds
// that net.Dialer gives the first of several addresses.
const dialTimeout = 3 * time.Second

// options replace the defaults that do not suit a gateway: a retried timeout may debit twice, a deadline that
// does not reach the socket does not hold, and five seconds are too long to wait.
func (c Redis) options(d *dialer) *redis.Options {
	timeout := c.timeout()
	o := &redis.Options{
		Network:                  "tcp",
		Addr:                     c.address(),
		Dialer:                   d.dial,
		Username:                 c.Username,
		Password:                 c.Password,
		DB:                       c.Database,
		MaxRetries:               -1,
		DialerRetries:            1,
		ContextTimeoutEnabled:    true,
		DialTimeout:              dialTimeout,
		ReadTimeout:              timeout,
		WriteTimeout:             timeout,
		PoolTimeout:              timeout,
		PoolSize:                 poolSize,
		MinIdleConns:             idleConnections,
		MaxConcurrentDials:       dialsAtOnce,
		ReadBufferSize:           buffer,
		WriteBufferSize:          buffer,
		PipelinePoolSize:         -1,
		Protocol:                 2, // without push messages, of which there would be none
		DisableIdentity:          true,
		MaintNotificationsConfig: quiet(),
	}
	switch {
	case c.Socket != "":
		o.Network, o.Addr = "unix", c.Socket
	case len(c.SentinelNodes) > 0:
		o.Addr = c.target() // the dialer locates it
	}
	return o
}

// clusterOptions are the same for each node. What a node answers with is followed, and reads go to masters.
func (c Redis) clusterOptions(d *dialer) *redis.ClusterOptions {
	o := c.options(d)
	const shortest, longest = time.Millisecond, 8 * time.Millisecond
	return &redis.ClusterOptions{
		Addrs:                    c.clusterAddresses(),
		MaxRedirects:             c.ClusterMaxRedirections,
		MinRetryBackoff:          shortest, // between a master that has become a replica and its heir
		MaxRetryBackoff:          longest,
		DisableRoutingPolicies:   true, // every command names its key, and COMMAND is one right less
		Dialer:                   o.Dialer,
		Username:                 o.Username,
		Password:                 o.Password,
		MaxRetries:               o.MaxRetries,
		DialerRetries:            o.DialerRetries,
		ContextTimeoutEnabled:    o.ContextTimeoutEnabled,
		DialTimeout:              o.DialTimeout,
		ReadTimeout:              o.ReadTimeout,
		WriteTimeout:             o.WriteTimeout,
		PoolTimeout:              o.PoolTimeout,
		PoolSize:                 o.PoolSize,
		MaxConcurrentDials:       o.MaxConcurrentDials,
		ReadBufferSize:           o.ReadBufferSize,
		WriteBufferSize:          o.WriteBufferSize,
		PipelinePoolSize:         o.PipelinePoolSize,
		Protocol:                 o.Protocol,
		DisableIdentity:          o.DisableIdentity,
		MaintNotificationsConfig: o.MaintNotificationsConfig,

		ClusterStateReloadInterval: clusterReload,
	}
}

// sentinels returns what finds the master.
func (c Redis) sentinels(d *dialer) *sentinels {
	s := &sentinels{master: c.SentinelMaster, dialer: d}
	for _, addr := range c.sentinelAddresses() {
		s.nodes = append(s.nodes, sentinel{redis.NewSentinelClient(c.sentinelOptions(d, addr)), addr})
	}
	return s
}

// sentinelOptions have a name and a password of their own. How long a sentinel is waited for says the context:
// who asks is no request.
func (c Redis) sentinelOptions(d *dialer, addr string) *redis.Options {
	o := c.options(d)
	o.Addr, o.Username, o.Password, o.DB = addr, c.SentinelUsername, c.SentinelPassword, 0
	o.MinIdleConns = 0
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = locateWithin, locateWithin, locateWithin
	return o
}

// quiet has go-redis not look for announcements of maintenance, which Redis Cloud makes in protocol 3.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
