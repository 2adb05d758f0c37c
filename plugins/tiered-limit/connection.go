package tieredlimit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
)

// connection counts for all instances with the same redis record.
type connection struct {
	*front
	guard *guard
	site  *site
	sites *sites

	store   *redisStore
	settler *settler
	heart   *heart
	log     *slog.Logger
	stop    context.CancelFunc
	keepers sync.WaitGroup
}

// siteName tells one Redis from another, as far as addresses do.
func siteName(c Redis) string {
	if c.Database == 0 {
		return c.target()
	}
	return fmt.Sprintf("%s/%d", c.target(), c.Database)
}

func (b builder) newSite(name string) *site {
	return &site{
		name: name, local: newLocal(newPeers(), b.deps.Now, b.metrics),
		metrics: b.metrics, log: b.deps.Log.With("plugin", Name, "target", name),
	}
}

// connect opens the store of one redis record, and keeps what goes with it until it is closed.
func (b builder) connect(c Redis) (*connection, error) {
	store, err := newRedisStore(c, limitScript, b.deps.Now)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	name := siteName(c)
	log := b.deps.Log.With("plugin", Name, "target", name)
	made := b.sites.join(name, func(s *site) *connection {
		g := newGuard(store, c.timeout(), b.metrics, log)
		if _, cluster := store.client.(*redis.ClusterClient); cluster {
			g = newClusterGuard(store, c.timeout(), b.metrics, log, store.masterOf)
		}
		beats := newHeart(s.local.peers, store, c.timeout(), b.deps.Now, log)
		beats.witness, beats.told = g.witness, g.told
		return &connection{
			front: newFront(learning{g, s.local}, c.timeout(), b.deps.Now, b.metrics),
			guard: g, site: s, sites: b.sites, store: store, log: log,
			settler: newSettler(s.local, store, g, log),
			heart:   beats,
		}
	})
	made.keep()
	return made, nil
}

// keep starts what runs in the background.
func (c *connection) keep() {
	var ctx context.Context
	ctx, c.stop = context.WithCancel(context.Background())
	w := watch{client: c.store.client, timeout: c.timeout, now: c.now, denials: c.denials, log: c.log}
	for _, run := range [...]func(context.Context){w.run, c.guard.run, c.heart.run, c.settler.run, c.site.local.run} {
		c.keepers.Go(func() { run(ctx) })
	}
}

// close ends what runs in the background. The last connection to a Redis debits what was admitted without it, as
// far as it answers, and leaves the other nodes its part.
func (c *connection) close() {
	c.stop()
	c.keepers.Wait()
	c.sites.leave(c, func() {
		c.settler.finish(context.Background())
		c.heart.stop(context.Background())
	})
	_ = c.store.Close() // an error here is of a socket that is gone already
}
