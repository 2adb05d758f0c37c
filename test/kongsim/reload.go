package kongsim

import (
	"fmt"
	"time"
)

// Reload replaces the configuration, or leaves it as it was when the new one
// is wrong. It is Kong's POST /config: every plugin gets a new instance at its
// next request in each worker, and the one before it is closed. (kong reload
// replaces the workers instead, and closes no instance.)
func (g *Gateway) Reload(config []byte) error {
	return g.load(config)
}

// ReloadFile reads Options.ConfigFile again.
func (g *Gateway) ReloadFile() error {
	source, err := g.options.config()
	if err != nil {
		return fmt.Errorf("declarative config: %w", err)
	}
	return g.Reload(source)
}

func (g *Gateway) load(source []byte) error {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	s, err := load(source, g.plugins, g.options.Workers, g.nextSeq)
	if err != nil {
		return err
	}
	g.loadedAt.Store(time.Now().Unix())
	g.snapshot.Store(s)
	return nil
}

// nextSeq counts in memory that Kong's workers share, so that no two of them
// have the same number. Guarded by reloading.
func (g *Gateway) nextSeq() int64 {
	g.seq++
	return g.seq
}
