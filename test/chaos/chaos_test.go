package chaos

import (
	"fmt"
	"testing"
	"time"
)

// scenario is one trouble, and what may come of it.
type scenario struct {
	name  string
	nodes int
	set   func(t *testing.T, nodes int, s scale) stage
	// brief trouble does not last: it is over once it was made, or once a failover has ended it.
	brief bool
	// without is how many of the nodes, the last ones, must go on without Redis meanwhile.
	without int
	// folds is how often a limit may be used where it would be once without trouble.
	folds int64
	// loses is which counts may be lost.
	loses loss
	// patient nodes wait for Redis for so long that all requests must be decided by it.
	patient bool
}

// loss is which counts Redis may lose.
type loss int

const (
	nothing    loss = iota
	everything      // that was counted before
	latest          // what was counted from a second before the trouble until it was over
	latestOwed      // that, and what was admitted without Redis: the old master is back, and takes debts until the nodes turn from it
)

// timeout is that of Redis.
func (c scenario) timeout(s scale) time.Duration {
	const long = 10 * time.Second
	if c.patient {
		return long
	}
	return s.timeout
}

// scenarios are all. Where no count is lost the README's bound is twice the limits; a loss of counts, and a step
// of Redis' clock, adds one.
func scenarios() []scenario {
	return []scenario{
		{name: "paused (SIGSTOP, SIGCONT)", nodes: 2, set: paused, without: 2, folds: 2},
		{name: "killed, started with its data", nodes: 2, set: killed, without: 2, folds: 2},
		{name: "killed, started empty", nodes: 2, set: killedEmpty, without: 2, folds: 3, loses: everything},
		{name: "restarted empty at once", nodes: 2, set: killedEmpty, brief: true, folds: 3, loses: everything},
		{name: "Sentinel: master killed", nodes: 2, set: sentinelKilled, brief: true, without: 2, folds: 3, loses: latest},
		{name: "Sentinel: master paused, back later", nodes: 2, set: sentinelPaused, brief: true, without: 2, folds: 3, loses: latestOwed},
		{name: "Cluster: slots moved to and fro", nodes: 2, set: resharded, folds: 2},
		{name: "Cluster: master killed", nodes: 2, set: clusterKilled, brief: true, without: 2, folds: 3, loses: latest},
		{name: "SCRIPT FLUSH ten times a second", nodes: 2, set: flushed, folds: 1, patient: true},
		{name: "full (OOM, noeviction)", nodes: 2, set: full, without: 2, folds: 2},
		{name: "made a replica (READONLY)", nodes: 2, set: readOnly, without: 2, folds: 2},
		{name: "busy with a script", nodes: 2, set: busy, without: 2, folds: 2},
		{name: "network cut for all nodes", nodes: 2, set: cutOff, without: 2, folds: 2},
		{name: "network cut for one of three nodes", nodes: 3, set: oneCutOff, without: 1, folds: 2},
		{name: "connections reset", nodes: 2, set: reset, without: 2, folds: 2},
		{name: "link slower than redis.timeout", nodes: 2, set: slow, without: 2, folds: 2},
		{name: "link slow, yet within redis.timeout", nodes: 2, set: slowish, folds: 2},
		{name: "link of 20 bytes a second", nodes: 2, set: trickle, without: 2, folds: 2},
		{name: "Redis' clock set on and back", nodes: 2, set: clockStepped, folds: 2, patient: true},
	}
}

// Whatever befalls Redis, no request waits longer than it may, none is answered with an error, the limits hold as
// far as the README states, Redis is asked again, and what is counted twice or not at all is explained.
func TestRedisTroubleNeitherStopsTheTrafficNorOpensTheGate(t *testing.T) {
	s := scaled()
	var rows []row
	t.Run("cases", func(t *testing.T) {
		found := make([]*row, len(scenarios()))
		t.Cleanup(func() {
			for _, one := range found {
				if one != nil {
					rows = append(rows, *one)
				}
			}
		})
		for i, c := range scenarios() {
			t.Run(c.name, func(t *testing.T) {
				if !s.long {
					t.Parallel()
				}
				r := startRun(t, c, s)
				r.play(t)
				r.judge(t)
				own := r.row()
				found[i] = &own
				t.Log(own)
			})
		}
	})
	if s.long {
		fmt.Println(table(rows)) // ready to paste
	}
}
