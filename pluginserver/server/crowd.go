package server

import (
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How long the peer of a connection must have been silent, while it was its turn, before the connection makes
// room for another. Kong's worker sends and answers within milliseconds; one that is idle in its pool loses
// nothing by being ended, as it opens another.
const (
	silentIdle = 100 * time.Millisecond
	silentOwed = time.Second
)

// DefaultConnections is the most connections at once: half of the files that the process may open, since
// plugins need some too, and no more than 8192, which take about 200 MB. Each worker of Kong keeps up to 256 idle
// (lua_socket_pool_size in kong.conf), and has one for each event that is running.
func DefaultConnections() int {
	const most, fewest = 8192, 16
	var files unix.Rlimit
	if err := unix.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return fewest
	}
	return max(fewest, int(min(files.Cur/2, most)))
}

// crowd is the open connections.
type crowd struct {
	mu    sync.Mutex
	conns map[*conn]struct{}
}

func newCrowd() *crowd { return &crowd{conns: map[*conn]struct{}{}} }

func (c *crowd) add(one *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[one] = struct{}{}
}

func (c *crowd) remove(one *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, one)
}

func (c *crowd) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.conns)
}

func (c *crowd) each(do func(*conn)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for one := range c.conns {
		do(one)
	}
}

// silent is a connection whose peer lets the server wait.
type silent struct {
	conn  *conn
	since time.Time
	owed  bool // a frame or the rest of one, else it is idle
}

// dismiss ends the connections that have been silent longest, at most so many, and tells how many these were.
// They no longer count, though some of them take a moment to end.
func (c *crowd) dismiss(most int, now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []silent
	for one := range c.conns {
		if s, ok := one.silence(now); ok {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b silent) int { return a.since.Compare(b.since) })
	found = found[:min(most, len(found))]
	for _, s := range found {
		delete(c.conns, s.conn)
		s.conn.dismiss(s.owed)
	}
	return len(found)
}

// silence tells whether the peer has been silent for long enough to make room.
func (c *conn) silence(now time.Time) (silent, bool) {
	since, owed := c.stream.Waiting()
	least := silentIdle
	if owed {
		least = silentOwed
	}
	return silent{conn: c, since: since, owed: owed}, !since.IsZero() && now.Sub(since) >= least
}

// dismiss ends a connection: an idle one as a stop does, so that a command on its way is sent again; one that
// owes something at once.
func (c *conn) dismiss(owed bool) {
	if owed {
		_ = c.nc.Close()
		return
	}
	c.dismissed.Store(true)
	c.wakeIfIdle()
}
