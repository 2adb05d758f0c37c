package tieredlimit

import (
	"encoding/json"
	"fmt"
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

// connection is a store for all instances with the same redis record.
type connection struct {
	*guard
	close func() error
}

// New returns the plugin. Instances with the same redis record share its connections.
func New(deps plugin.Deps) plugin.Plugin {
	redis.SetLogger(debugLog{deps.Log}) // go-redis has one logger for the process
	b := builder{
		deps:    deps,
		metrics: newMetrics(deps.Metrics),
		stores: shared.NewPool(storeGrace, func(c connection) {
			_ = c.close() // an error here is of a socket that is gone already
		}),
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
	stores  *shared.Pool[connection]
}

// build compiles one configuration. Redis is first asked when a request comes.
func (b builder) build(config []byte) (plugin.Handler, error) {
	c, err := plugin.Decode[Config](Schema(), config)
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
	return &handler{
		tiers:   newLadder(c),
		limiter: limiter{store: lease.Value, failOpen: c.OnRedisError == allow},
		metrics: b.metrics,
		release: lease.Release,
	}, nil
}

func (b builder) connect(c Redis) connection {
	store := newRedisStore(c, limitScript)
	log := b.deps.Log.With("plugin", Name, "address", c.address())
	return connection{guard: newGuard(store, c.timeout(), b.metrics, log), close: store.Close}
}
