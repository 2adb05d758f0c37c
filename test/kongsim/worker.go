package kongsim

import (
	"sync"
	"sync/atomic"

	"tollgate/test/kongsim/internal/nginx"
	"tollgate/test/kongsim/internal/wire"
)

// worker stands for one of nginx's worker processes: it shares nothing with
// the others but the plugin servers' sockets.
type worker struct {
	number    int
	index     nginx.Index
	instances *instances
	rpcs      map[string]*rpc       // by plugin name
	pools     map[string]*wire.Pool // by socket
}

func newWorker(number int, o Options, plugins []*plugin) *worker {
	w := &worker{
		number:    number,
		instances: &instances{table: map[string]*instance{}, claimTimeout: o.ClaimTimeout},
		rpcs:      map[string]*rpc{},
		pools:     map[string]*wire.Pool{},
	}
	limits := wire.Limits{Idle: o.IdleTimeout, Timeout: o.ReadTimeout, Size: o.PoolSize}
	for _, p := range plugins {
		if p.socket == "" {
			continue
		}
		if w.pools[p.socket] == nil {
			w.pools[p.socket] = wire.NewPool(p.socket, limits)
		}
		w.rpcs[p.name] = &rpc{plugin: p, pool: w.pools[p.socket]}
	}
	return w
}

func (w *worker) close() {
	for _, pool := range w.pools {
		pool.Close()
	}
}

// workers hands requests out in turn.
type workers struct {
	all  []*worker
	next atomic.Uint64
}

func (w *workers) pick() *worker {
	return w.all[(w.next.Add(1)-1)%uint64(len(w.all))]
}

// reset forgets a plugin's instances in every worker, as Kong's
// reset_instances event does.
func (w *workers) reset(plugin string) {
	for _, worker := range w.all {
		worker.instances.reset(plugin)
	}
}

func (w *workers) close() {
	var closing sync.WaitGroup
	for _, worker := range w.all {
		closing.Go(worker.close)
	}
	closing.Wait()
}
