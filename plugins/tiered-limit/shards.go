package tieredlimit

import (
	"sync"
	"time"
)

// shards are the breakers of a Cluster, one for each master by its address: a shard that is away costs the others
// nothing, where cluster-require-full-coverage is no. Which master that is for a key the client knows. Their zero value is ready to use.
type shards struct {
	mu     sync.RWMutex
	byAddr map[string]*breaker
}

// of returns the breaker of a master, which is new where there is none.
func (s *shards) of(addr string) *breaker {
	s.mu.RLock()
	found := s.byAddr[addr]
	s.mu.RUnlock()
	if found != nil {
		return found
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found = s.byAddr[addr]; found == nil {
		if s.byAddr == nil {
			s.byAddr = map[string]*breaker{}
		}
		found = &breaker{used: time.Now()}
		s.byAddr[addr] = found
	}
	return found
}

// all returns the breakers.
func (s *shards) all() []*breaker {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := make([]*breaker, 0, len(s.byAddr))
	for _, b := range s.byAddr {
		found = append(found, b)
	}
	return found
}

// sweep forgets masters that nobody asks any more, as after a failover: their breakers say nothing that a new one
// would not. While one is away none is forgotten: the others that answer tell that not all are.
func (s *shards) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.byAddr {
		if b.at() != positionClosed {
			return
		}
	}
	for addr, b := range s.byAddr {
		if b.idle(now) {
			delete(s.byAddr, addr)
		}
	}
}
