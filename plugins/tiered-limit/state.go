package tieredlimit

import (
	"slices"
	"strings"
	"sync"
)

// site is one Redis, for all connections of the process that lead to it: what the node knows of it, and
// admits without it, is one, however often a configuration is loaded anew.
type site struct {
	name  string
	local *local

	connections []*connection // in sites' care
}

// sites are those that have connections.
type sites struct {
	mu     sync.Mutex
	byName map[string]*site
	open   func(name string) *site
}

func newSites(open func(name string) *site) *sites {
	return &sites{byName: map[string]*site{}, open: open}
}

// join makes a connection to a site, which is new where it has none.
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
	return made
}

// leave takes a connection off its site, and tells whether it was the last one.
func (s *sites) leave(c *connection) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := c.site
	left.connections = slices.DeleteFunc(left.connections, func(other *connection) bool { return other == c })
	if len(left.connections) > 0 {
		return false
	}
	delete(s.byName, left.name)
	return true
}

// each calls do with each site and its connections, by name.
func (s *sites) each(do func(*site, []*connection)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make([]*site, 0, len(s.byName))
	for _, one := range s.byName {
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b *site) int { return strings.Compare(a.name, b.name) })
	for _, one := range found {
		do(one, one.connections)
	}
}
