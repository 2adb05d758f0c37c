package tieredlimit

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/network"
	"tollgate/test/redistest"
)

// How calls on a connection end decides whether the others to the same address are given up, and no others.
func TestConnectionsToOneAddressAreGivenUpByThemselves(t *testing.T) {
	silence := func(many int) (ends []error) {
		for range many {
			ends = append(ends, os.ErrDeadlineExceeded)
		}
		return ends
	}
	for _, row := range []struct {
		name string
		ends []error
		want bool
	}{
		{"answers", []error{nil, nil}, false},
		{"one has broken", []error{io.EOF}, true},
		{"several in a row are silent", silence(silentAfter), true},
		{"a few are silent", silence(silentAfter - 1), false},
		{"there are answers between", append(append(silence(silentAfter-1), nil), silence(silentAfter-1)...), false},
		{"this process closed them", []error{net.ErrClosed, context.Canceled}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var all backends
			one, other := all.join("a:1"), all.join("b:1")
			for _, err := range row.ends {
				one.learn(one.age.Load(), err)
			}
			if got := one.age.Load() > 0; got != row.want || other.age.Load() > 0 {
				t.Errorf("given up: %v, want %v; the others %v", got, row.want, other.age.Load() > 0)
			}
			all.leave(one)
			all.leave(other)
			if len(all.byAddr) > 0 {
				t.Errorf("%d addresses are kept without connections", len(all.byAddr))
			}
		})
	}
}

// A server whose connections break one after the other gives up the new ones no more than once each.
func TestAnOldConnectionSaysNothingOfNewOnes(t *testing.T) {
	var all backends
	one := all.join("a:1")
	for range 3 {
		one.learn(0, io.EOF)
	}
	if got := one.age.Load(); got != 1 {
		t.Errorf("given up %d times, want once", got)
	}
}

// A master whose connections break again and again has the others of a Cluster keep theirs.
func TestAMasterThatHangsUpCostsTheOthersNoConnections(t *testing.T) {
	t.Parallel() // a cluster takes seconds to agree
	addrs := redistest.StartCluster(t, 2)
	p := network.Start(t, addrs[1])
	_, port, _ := net.SplitHostPort(p.Addr)
	redistest.Await(t, addrs[1], "another address", func(c *redis.Client) bool {
		return c.ConfigSet(t.Context(), "cluster-announce-port", port).Err() == nil
	})
	redistest.Await(t, addrs[0], "the other's new address", func(c *redis.Client) bool {
		return strings.Contains(c.ClusterNodes(t.Context()).Val(), p.Addr)
	})
	s := openRecord(t, byNodes(t, addrs[0]), limitScript)
	healthy, broken := inSlot(0, 1)[0], inSlot(16383, 1)[0]
	take(t, s, healthy, Limits{TPS: 1000})
	take(t, s, broken, Limits{TPS: 1000})
	all := &s.dialer.backends
	own := all.join(addrs[0]) // kept while it is looked at
	p.Lose(network.HungUp)
	for range 20 {
		if _, err := s.Take(t.Context(), broken, Limits{TPS: 1000}, 1); err == nil || errors.Is(err, errUnreachable) {
			t.Errorf("an answer that was lost came, or none was asked for: %v", err)
		}
		take(t, s, healthy, Limits{TPS: 1000})
	}
	if own.links < 2 {
		t.Errorf("nothing leads to %s", own.addr)
	}
	if one, every := own.age.Load(), s.dialer.age.Load(); one+every > 0 {
		t.Errorf("the connections to the healthy master were given up %d times, and all of them %d times", one, every)
	}
}
