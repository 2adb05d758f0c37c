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

// New returns the plugin. Instances whose redis records mean the same share connections.
func New(deps plugin.Deps) plugin.Plugin {
	redis.SetLogger(debugLog{deps.Log}) // go-redis has one logger for the process
	b := builder{
		deps:    deps,
		metrics: newMetrics(deps.Metrics),
		days:    &calendars{},
		configs: &configurations{},
		stores:  shared.NewPool(storeGrace, (*connection).close),
	}
	b.sites = newSites(b.newSite)
	deps.Metrics.MustRegister(newGauges(b.sites))
	return plugin.Plugin{
		Name:     Name,
		Version:  version,
		Priority: priority,
		Schema:   Schema(),
		Build:    b.build,
		Close:    b.close,
		Status:   b.report,
	}
}

// builder makes handlers that share the plugin's state.
type builder struct {
	deps    plugin.Deps
	metrics *metrics
	days    *calendars
	configs *configurations
	stores  *shared.Pool[*connection]
	sites   *sites
}

// close closes what nobody leases, and the rest as it is given back.
func (b builder) close() {
	b.sites.stop()
	b.stores.Close()
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
	key, err := json.Marshal(c.Redis.distinct())
	if err != nil {
		return nil, fmt.Errorf("keying the redis record: %w", err)
	}
	lease, err := b.stores.Acquire(string(key), func() (*connection, error) { return b.connect(c.Redis) })
	if err != nil {
		return nil, fmt.Errorf("leasing the connections to redis: %w", err)
	}
	b.metrics.expect(tiers.rungs)
	forget := b.configs.hold(newConfigurationReport(c))
	return newHandler(c, tiers, lease.Value, lease.Value.site.local, b.metrics, func() { forget(); lease.Release() }), nil
}

func newHandler(c Config, tiers ladder, count counter, own *local, m *metrics, release func()) *handler {
	return &handler{
		subjects: newSubjects(c),
		claim:    c.TierClaim,
		tiers:    tiers,
		limiter:  limiter{counter: count, onError: c.OnRedisError, local: own, unseen: c.FallbackNodes},
		answers:  newAnswers(c),
		metrics:  m,
		release:  release,
	}
}
