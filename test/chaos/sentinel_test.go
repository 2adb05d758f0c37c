package chaos

import (
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/redistest"
)

func sentinelKilled(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	servers := redistest.StartSentinels(t)
	s := watched(t, servers)
	s.begin = servers.Master.Close
	return s
}

// sentinelPaused has the old master come back when there is a new one.
func sentinelPaused(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	servers := redistest.StartSentinels(t)
	s := watched(t, servers)
	s.begin = func() { servers.Master.Signal(syscall.SIGSTOP) }
	s.late = func() { servers.Master.Signal(syscall.SIGCONT) }
	return s
}

func watched(t *testing.T, servers *redistest.Sentinels) stage {
	t.Helper()
	return stage{
		record: func(int) map[string]any {
			var nodes []any
			for _, one := range servers.Nodes {
				nodes = append(nodes, at(t, one.Addr))
			}
			return map[string]any{"sentinel_master": redistest.MasterName, "sentinel_nodes": nodes}
		},
		open: func() redis.UniversalClient { return redis.NewClient(&redis.Options{Addr: servers.Replica.Addr}) },
		end:  func() { servers.AwaitHeir(t) },
	}
}
