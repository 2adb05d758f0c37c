package tieredlimit

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tollgate/internal/plugin"
	"tollgate/internal/shared"
)

const (
	version = "0.1.0"
	// priority puts the plugin after authentication and acl, before Kong's rate-limiting (910).
	priority = 920
	// storeGrace is how long the connections to a Redis outlive its last user: longer than a reload.
	storeGrace = 30 * time.Second
)

// connection counts for all instances with the same redis record.
type connection struct {
	*front
	close func()
}

// New returns the plugin. Instances with the same redis record share its connections.
func New(deps plugin.Deps) plugin.Plugin {
	redis.SetLogger(debugLog{deps.Log}) // go-redis has one logger for the process
	b := builder{
		deps:    deps,
		metrics: newMetrics(deps.Metrics),
		days:    &calendars{},
		stores:  shared.NewPool(storeGrace, func(c connection) { c.close() }),
	}
	return plugin.Plugin{
		Name:     Name,
		Version:  version,
		Priority: priority,
		Schema:   Schema(),
		Build:    b.build,
		Close:    b.stores.Close,
	}
}

// builder makes handlers that share the plugin's state.
type builder struct {
	deps    plugin.Deps
	metrics *metrics
	days    *calendars
	stores  *shared.Pool[connection]
}

// build compiles one configuration. Redis is first asked when a request comes.
func (b builder) build(config []byte) (plugin.Handler, error) {
	c, err := plugin.Decode[Config](Schema(), config)
	if err != nil {
		return nil, err
	}
	tiers, err := newLadder(c, b.days)
	if err != nil {
		return nil, err
	}
	key, err := json.Marshal(c.Redis)
	if err != nil {
		return nil, fmt.Errorf("keying the redis record: %w", err)
	}
	lease, err := b.stores.Acquire(string(key), func() (connection, error) { return b.connect(c.Redis), nil })
	if err != nil {
		return nil, fmt.Errorf("leasing the connections to redis: %w", err)
	}
	return newHandler(c, tiers, lease.Value, b.metrics, lease.Release), nil
}

func newHandler(c Config, tiers ladder, count counter, m *metrics, release func()) *handler {
	return &handler{
		subjects: newSubjects(c),
		claim:    c.TierClaim,
		tiers:    tiers,
		limiter:  limiter{counter: count, failOpen: c.OnRedisError == allow},
		answers:  newAnswers(c),
		metrics:  m,
		release:  release,
	}
}

// connect opens the store of one redis record, and watches it until it is closed.
func (b builder) connect(c Redis) connection {
	store := newRedisStore(c, limitScript, b.deps.Now)
	log := b.deps.Log.With("plugin", Name, "address", c.address())
	f := newFront(newGuard(store, c.timeout(), b.metrics, log), c.timeout(), b.deps.Now, b.metrics)
	w := watch{client: store.client, timeout: c.timeout(), now: b.deps.Now, denials: f.denials, log: log}
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { w.run(ctx) })
	return connection{front: f, close: func() {
		stop()
		watching.Wait()
		_ = store.Close() // an error here is of a socket that is gone already
	}}
}
