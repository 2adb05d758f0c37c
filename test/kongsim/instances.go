package kongsim

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// instances is a worker's running_instances: which instance of the plugin
// server stands for which plugin config.
type instances struct {
	claimTimeout time.Duration

	mu    sync.Mutex
	table map[string]*instance // by plugin config id
}

// instance is an entry of the table. While one request starts it, id is not
// known and the others wait for started.
type instance struct {
	plugin  string // "" until it was started once
	id      int32
	known   bool
	seq     int64
	started chan struct{}
}

// starter talks to the plugin server. Its start's error is one of Lua's
// returned errors, or a raised one.
type starter interface {
	start(config []byte) (int32, error)
	stop(id int32)
}

// acquire is Kong's get_instance_id: it returns the id of the instance that
// runs this config, starting one if there is none or one of another sequence
// number, which is closed afterwards.
func (t *instances) acquire(ctx context.Context, plugin, key string, conf instanceConfig, s starter) (int32, error) {
	entry, id, err := t.claim(ctx, plugin, key, conf.seq)
	if entry == nil {
		return id, err
	}
	old, restart := entry.id, entry.plugin != ""
	id, err = s.start(conf.json)
	if err != nil {
		if !isRaised(err) {
			t.release(key, entry)
			return 0, raise(err)
		}
		// What Lua throws leaves the claim behind, and others wait for it in vain.
		return 0, err
	}
	t.settle(entry, plugin, id, conf.seq)
	if restart {
		s.stop(old)
	}
	return id, nil
}

// claim returns the id of a running instance, or an entry that the caller is
// to start.
func (t *instances) claim(ctx context.Context, plugin, key string, seq int64) (*instance, int32, error) {
	deadline := time.NewTimer(t.claimTimeout)
	defer deadline.Stop()
	for {
		entry, id, busy := t.tryClaim(key, seq)
		if busy == nil {
			return entry, id, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, 0, raise(ctx.Err())
		case <-deadline.C:
			t.release(key, nil)
			return nil, 0, fmt.Errorf("Could not claim instance_id for %s (key: %s)", plugin, key) //nolint:staticcheck // Kong's own words
		}
	}
}

// tryClaim returns a channel to wait for where another request is starting the
// instance.
func (t *instances) tryClaim(key string, seq int64) (*instance, int32, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entry := t.table[key]
	switch {
	case entry == nil:
		entry = &instance{seq: seq}
		t.table[key] = entry
	case !entry.known:
		return nil, 0, entry.started
	case entry.seq == seq:
		return nil, entry.id, nil
	}
	entry.known = false
	entry.started = make(chan struct{})
	return entry, 0, nil
}

// settle publishes the instance. The entry may have been reset in the
// meantime; then nobody finds it, and only this request uses the instance.
func (t *instances) settle(entry *instance, plugin string, id int32, seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entry.plugin, entry.id, entry.seq, entry.known = plugin, id, seq, true
	close(entry.started)
}

// release removes whatever stands under key and wakes those who wait for the
// entry.
func (t *instances) release(key string, entry *instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.table, key)
	if entry != nil {
		close(entry.started)
	}
}

// reset forgets every instance of a plugin, also one that is being replaced.
func (t *instances) reset(plugin string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, entry := range t.table {
		if entry.plugin == plugin {
			delete(t.table, key)
		}
	}
}
