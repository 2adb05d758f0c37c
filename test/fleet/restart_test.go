package fleet

import (
	"syscall"
	"testing"
	"time"

	"tollgate/test/node"
)

// A server that is restarted under load loses nothing: what its clients saw pass is what Redis admitted. Of
// one that is killed at most the answers under way are lost.
func TestARestartedServerKeepsTheCount(t *testing.T) {
	for name, by := range map[string]syscall.Signal{"stopped": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			f, of, names := startFleet(t, skewed()...), limits{TPS: 500, Quota: counted}, consumers(name, 2)
			config, began := f.config(t, of), time.Now()
			loads := []*load{newLoad(t, names, endless).on(f.nodes[1:], config)}
			for len(loads) <= 3 || time.Since(began) < longest() {
				loads = append(loads, restart(t, f.nodes[0], newLoad(t, names, endless), config, by))
			}
			loads[0].stop()
			accounts, _ := f.read(t, names...)
			var lost int64
			for _, consumer := range names {
				a, seen := accounts[consumer], admitted(consumer, loads...)
				lost += a.used() - seen
				if by == syscall.SIGKILL {
					seen = a.used()
				}
				judge(t, consumer, a, of, seen)
			}
			if most := int64(len(loads)-1) * workersPerNode; lost < 0 || lost > most {
				t.Errorf("%d answers were lost, want at most those of %d requests under way", lost, most)
			}
		})
	}
}

// restart ends a node while it is loaded, and starts it anew.
func restart(t *testing.T, n *node.Node, l *load, config string, by syscall.Signal) *load {
	t.Helper()
	l.on([]*node.Node{n}, config)
	l.wait(t, func(seen *tally) bool { return seen.admitted.Load() > workersPerNode })
	l.mayEnd.Store(true)
	n.End(t, by)
	l.workers.Wait()
	n.Start(t)
	n.Await(t)
	return l
}
