package instance

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tollgate/internal/kong"
	"tollgate/internal/panics"
	"tollgate/internal/plugin"
	"tollgate/internal/schema"
	"tollgate/internal/shared"
)

// Options of a Table.
type Options struct {
	// Idle is how long an instance may be unused before it is dropped, up to twice that.
	Idle time.Duration
	// Grace is how long a compiled configuration outlives its last instance. An event must not
	// last longer.
	Grace time.Duration
}

// DefaultOptions are those of the server: a route that is used once a day keeps its instance.
func DefaultOptions() Options { return Options{Idle: 24 * time.Hour, Grace: 2 * time.Minute} }

// Instance is one started plugin instance.
type Instance struct {
	ID      int32
	Plugin  string
	Scope   kong.Scope
	Handler plugin.Handler
	Started time.Time

	lease *shared.Lease[plugin.Handler]
	used  atomic.Bool // since the last sweep
}

// Table holds all instances of the process. Looking one up takes no lock.
type Table struct {
	plugins  map[string]plugin.Plugin
	compiled *shared.Pool[plugin.Handler]
	options  Options
	log      *slog.Logger

	mu        sync.Mutex // serialises changes
	instances atomic.Pointer[map[int32]*Instance]
	nextID    int32

	stop    chan struct{}
	stopped sync.WaitGroup
}

// NewTable returns a table of instances of the given plugins. Close ends it.
func NewTable(plugins []plugin.Plugin, log *slog.Logger, options Options) *Table {
	t := &Table{
		plugins:  map[string]plugin.Plugin{},
		compiled: shared.NewPool(options.Grace, plugin.Handler.Close),
		options:  options,
		log:      log,
		// Kong may still hold ids of a server that died: a random start keeps those unknown here.
		nextID: rand.Int32N(math.MaxInt32) + 1,
		stop:   make(chan struct{}),
	}
	for _, p := range plugins {
		t.plugins[p.Name] = p
	}
	t.instances.Store(&map[int32]*Instance{})
	t.stopped.Add(1)
	go t.sweepUntilStopped()
	return t
}

// Get returns a started instance, nil for an unknown id.
func (t *Table) Get(id int32) *Instance {
	inst := (*t.instances.Load())[id]
	if inst != nil && !inst.used.Load() {
		inst.used.Store(true)
	}
	return inst
}

// Start starts an instance. It always succeeds: where the configuration is refused, the handler
// says why in Kong's log and answers 500, since for a start that fails Kong logs nothing but
// "closed".
func (t *Table) Start(name string, config []byte) *Instance {
	lease, err := t.compile(name, config)
	inst := &Instance{Plugin: name, Scope: scopeOf(config), Started: time.Now(), lease: lease}
	if err != nil {
		t.log.Error("plugin instance refused", "plugin", name, "error", err, panics.Stack(err))
		inst.Handler = newRefused(err)
	} else {
		inst.Handler = lease.Value
	}
	inst.used.Store(true)
	t.change(func(instances map[int32]*Instance) {
		for instances[t.nextID] != nil {
			t.advanceID()
		}
		inst.ID = t.nextID
		t.advanceID()
		instances[inst.ID] = inst
	})
	return inst
}

// advanceID steps through 1 to MaxInt32.
func (t *Table) advanceID() { t.nextID = t.nextID%math.MaxInt32 + 1 }

// Stop closes an instance and returns it, nil for an unknown id.
func (t *Table) Stop(id int32) *Instance {
	var inst *Instance
	t.change(func(instances map[int32]*Instance) {
		inst = instances[id]
		delete(instances, id)
	})
	if inst != nil {
		inst.close()
	}
	return inst
}

// Len is the number of instances.
func (t *Table) Len() int { return len(*t.instances.Load()) }

// Refused is the number of instances whose configuration was refused.
func (t *Table) Refused() (n int) {
	for _, inst := range *t.instances.Load() {
		if _, ok := inst.Handler.(*refused); ok {
			n++
		}
	}
	return n
}

// Compiled is the number of distinct configurations held.
func (t *Table) Compiled() int { return t.compiled.Len() }

// Close drops all instances and gives up what they hold.
func (t *Table) Close() {
	close(t.stop)
	t.stopped.Wait()
	t.change(func(instances map[int32]*Instance) {
		for id, inst := range instances {
			inst.close()
			delete(instances, id)
		}
	})
	t.compiled.Close()
}

// change replaces the map of instances by a changed copy, so that readers need no lock.
func (t *Table) change(edit func(map[int32]*Instance)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	instances := maps.Clone(*t.instances.Load())
	edit(instances)
	t.instances.Store(&instances)
}

func (inst *Instance) close() {
	if inst.lease != nil {
		inst.lease.Release()
	}
}

// sweepUntilStopped drops instances that were not used between two sweeps.
func (t *Table) sweepUntilStopped() {
	defer t.stopped.Done()
	ticker := time.NewTicker(t.options.Idle)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.sweep()
		case <-t.stop:
			return
		}
	}
}

func (t *Table) sweep() {
	t.change(func(instances map[int32]*Instance) {
		for id, inst := range instances {
			if !inst.used.Swap(false) {
				delete(instances, id)
				inst.close()
			}
		}
	})
}

// compile leases the handler of a configuration, building it at the first request for it.
func (t *Table) compile(name string, config []byte) (*shared.Lease[plugin.Handler], error) {
	p, ok := t.plugins[name]
	if !ok {
		return nil, fmt.Errorf("the plugin server does not serve the plugin %q", name)
	}
	content, err := schema.Canonical(config)
	if err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", name, err)
	}
	return t.compiled.Acquire(name+"\x00"+string(content), func() (handler plugin.Handler, err error) {
		caught := panics.Catch(func() { handler, err = p.Build(content) })
		return handler, errors.Join(err, caught)
	})
}
