package instance

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"tollgate/internal/kong"
	"tollgate/internal/panics"
	"tollgate/internal/plugin"
	"tollgate/internal/shared"
)

// Options of a Table.
type Options struct {
	// Idle is how long an instance may be unused before it is dropped, up to twice that.
	Idle time.Duration
	// Grace is how long a compiled configuration outlives its last instance. An event must not
	// last longer.
	Grace time.Duration
	// Instances is the most at once. One more takes the place of one that Kong does not use.
	Instances int
	// Weight is the most that all compiled configurations may weigh together, in bytes as weightOf reckons.
	Weight int
}

// DefaultOptions are those of the server: a route that is used once a day keeps its instance, and there is room
// for a thousand plugins in each of 64 workers.
func DefaultOptions() Options {
	return Options{Idle: 24 * time.Hour, Grace: 2 * time.Minute, Instances: 1 << 16, Weight: 512 << 20}
}

// Instance is one started plugin instance.
type Instance struct {
	ID      int32
	Plugin  string // as served; unknownPlugin where it is not
	Scope   kong.Scope
	Handler plugin.Handler
	Started time.Time

	lease *shared.Lease[*compiled]
	use   atomic.Uint32
	last  atomic.Uint64 // use, told by how many instances had been started
}

// What use tells of an instance.
const (
	unused  uint32 = iota // since the last sweep
	started               // and no event has come for it yet
	used                  // since the last sweep
)

// unknownPlugin stands for a name that no plugin has: names go into metrics, and a peer can make up any number.
const unknownPlugin = "unknown"

// Table holds all instances of the process. Looking one up takes no lock.
type Table struct {
	compiler *compiler
	options  Options
	log      *slog.Logger
	lines    *rate.Limiter // of the log, about refused instances

	mu      sync.Mutex                 // serialises changes
	slots   []atomic.Pointer[Instance] // an id's slot is the id modulo their number
	taken   atomic.Int64               // slots
	starts  atomic.Uint64              // of instances so far
	dropped atomic.Int64               // instances, to make room
	nextID  int32

	stop    chan struct{}
	stopped sync.WaitGroup
}

// NewTable returns a table of instances of the given plugins. Close ends it.
func NewTable(plugins []plugin.Plugin, log *slog.Logger, options Options) *Table {
	const perSecond, atFirst = 10, 50
	t := &Table{
		compiler: newCompiler(plugins, options),
		options:  options,
		log:      log,
		lines:    rate.NewLimiter(perSecond, atFirst),
		slots:    make([]atomic.Pointer[Instance], options.Instances),
		// Kong may still hold ids of a server that died: a random start keeps those unknown here.
		nextID: rand.Int32N(math.MaxInt32) + 1,
		stop:   make(chan struct{}),
	}
	t.stopped.Add(1)
	go t.sweepUntilStopped()
	return t
}

// Get returns a started instance, nil for an unknown id.
func (t *Table) Get(id int32) *Instance {
	if id <= 0 {
		return nil
	}
	inst := t.slot(id).Load()
	if inst == nil || inst.ID != id {
		return nil
	}
	inst.touch(t.starts.Load())
	return inst
}

// touch notes that an instance is used. It writes only what changes: all events of a plugin come by here.
func (inst *Instance) touch(now uint64) {
	if inst.use.Load() != used {
		inst.use.Store(used)
	}
	if inst.last.Load() != now {
		inst.last.Store(now)
	}
}

func (t *Table) slot(id int32) *atomic.Pointer[Instance] { return &t.slots[int(id)%len(t.slots)] }

// Start starts an instance. Where the configuration is refused it succeeds too: the handler then says why in
// Kong's log and answers 500, since for a start that fails Kong logs nothing but "closed". It fails only where
// there is no room for another configuration, which may pass: Kong asks again at the next request.
func (t *Table) Start(name string, config []byte) (*Instance, error) {
	scope, err := scopeOf(config)
	lease := (*shared.Lease[*compiled])(nil)
	if err == nil {
		lease, err = t.compile(name, config)
	}
	inst := &Instance{Plugin: t.compiler.served(name), Scope: scope, Started: time.Now(), lease: lease}
	switch {
	case isFull(err):
		return nil, err
	case err != nil:
		if t.lines.Allow() {
			t.log.Error("plugin instance refused", "plugin", inst.Plugin, "error", brief(err), panics.Stack(err))
		}
		inst.Handler = newRefused(err)
	default:
		inst.Handler = lease.Value.handler
	}
	inst.use.Store(started)
	t.place(inst)
	return inst, nil
}

// compile makes room once where there is none: what was started for no event goes first.
func (t *Table) compile(name string, config []byte) (*shared.Lease[*compiled], error) {
	lease, err := t.compiler.lease(name, config)
	if isFull(err) {
		t.dropStarted(time.Now())
	}
	return lease, err
}

// Stop closes an instance and returns it, nil for an unknown id.
func (t *Table) Stop(id int32) *Instance {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id <= 0 {
		return nil
	}
	inst := t.slot(id).Load()
	if inst == nil || inst.ID != id {
		return nil
	}
	t.clear(inst)
	return inst
}

// clear takes an instance out and gives back what it holds. The caller holds the lock.
func (t *Table) clear(inst *Instance) {
	t.slot(inst.ID).Store(nil)
	t.taken.Add(-1)
	if inst.lease != nil {
		inst.lease.Release()
	}
}

// Len is the number of instances.
func (t *Table) Len() int { return int(t.taken.Load()) }

// Dropped is the number of instances that were dropped to make room.
func (t *Table) Dropped() int { return int(t.dropped.Load()) }

// Refused is the number of instances whose configuration was refused.
func (t *Table) Refused() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each(func(inst *Instance) {
		if _, ok := inst.Handler.(*refused); ok {
			n++
		}
	})
	return n
}

// Compiled is the number of distinct configurations held.
func (t *Table) Compiled() int { return t.compiler.held.Len() }

// Close drops all instances and gives up what they hold.
func (t *Table) Close() {
	close(t.stop)
	t.stopped.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each(t.clear)
	t.compiler.held.Close()
}

// each calls do for all instances. The caller holds the lock.
func (t *Table) each(do func(*Instance)) {
	for i := range t.slots {
		if inst := t.slots[i].Load(); inst != nil {
			do(inst)
		}
	}
}
