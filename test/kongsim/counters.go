package kongsim

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Counters tell a test what no response shows.
type Counters struct {
	Retries      int64          // events sent again because the server had closed the connection
	UnknownCalls map[string]int // PDK methods that kongsim does not know, by name
}

type counters struct {
	retries atomic.Int64
	mu      sync.Mutex
	calls   map[string]int
}

func (c *counters) unknown(method string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[method]++
}

func (c *counters) snapshot() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Counters{Retries: c.retries.Load(), UnknownCalls: maps.Clone(c.calls)}
}
