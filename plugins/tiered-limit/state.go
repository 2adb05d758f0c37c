package tieredlimit

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// site is one Redis, for all connections of the process that lead to it: what the node knows of it, and
// admits without it, is one, however often a configuration is loaded anew.
type site struct {
	name    string
	local   *local
	metrics *metrics
	log     *slog.Logger

	// In sites' care: connections, and how many that were the last still say farewell.
	connections []*connection
	farewells   int
}

// sites are those that have connections, and those that had and of which something is still known.
type sites struct {
	mu      sync.Mutex
	byName  map[string]*site
	open    func(name string) *site
	again   *time.Timer // looks again what may be forgotten; nil before there was anything
	stopped bool
}

func newSites(open func(name string) *site) *sites {
	return &sites{byName: map[string]*site{}, open: open}
}

// join makes a connection to a site, which is new where there is none.
func (s *sites) join(name string, connect func(*site) *connection) *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byName[name]
	if found == nil {
		found = s.open(name)
		s.byName[name] = found
	}
	made := connect(found)
	found.connections = append(found.connections, made)
	s.forget()
	return made
}

// leave takes a connection off its site, and has the last one say farewell. What the site knows of a day, or owes to
// one, stays for who comes back: Kong ends and starts instances with each reload.
func (s *sites) leave(c *connection, farewell func()) {
	last := s.last(c)
	if last {
		farewell()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last {
		c.site.farewells--
	}
	s.forget()
}

func (s *sites) last(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := c.site
	left.connections = slices.DeleteFunc(left.connections, func(other *connection) bool { return other == c })
	if len(left.connections) > 0 {
		return false
	}
	left.farewells++
	return true
}

// stop forgets each site once it has no connection.
func (s *sites) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.forget()
}

// look forgets what no longer counts of the sites without a connection, which keep nothing running.
func (s *sites) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
}

// forget forgets the sites without a connection of which nothing is known; all of them once the process stops. While
// any is left it is done again now and then.
func (s *sites) forget() {
	if s.again != nil {
		s.again.Stop()
	}
	for name, one := range s.byName {
		if len(one.connections) > 0 || one.farewells > 0 {
			continue
		}
		one.local.sweep()
		if s.stopped {
			one.writeOff()
		}
		if s.stopped || one.local.size.Load() == 0 {
			delete(s.byName, name)
			continue
		}
		s.later()
	}
}

// later has the sites looked at again.
func (s *sites) later() {
	if s.again == nil {
		s.again = time.AfterFunc(sweepEvery, s.look)
		return
	}
	s.again.Reset(sweepEvery)
}

// writeOff counts what Redis will not be told.
func (s *site) writeOff() {
	if _, lost := s.local.owed(); lost > 0 {
		s.metrics.owed(debtsStopped, lost)
		s.log.Warn("stopped without redis: it is not told of what was admitted meanwhile", "requests", lost)
	}
}

// each calls do with each site that has connections, and these, by name.
func (s *sites) each(do func(*site, []*connection)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make([]*site, 0, len(s.byName))
	for _, one := range s.byName {
		if len(one.connections) > 0 {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b *site) int { return strings.Compare(a.name, b.name) })
	for _, one := range found {
		do(one, one.connections)
	}
}
