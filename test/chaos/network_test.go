package chaos

import (
	"testing"
	"time"

	"tollgate/test/network"
)

// befall is a stage of which the links of some nodes, the last ones, suffer something.
func befall(t *testing.T, nodes, suffering int, what func(*network.Link)) stage {
	t.Helper()
	s, links := linked(t, nodes)
	each := func(do func(*network.Link)) {
		for _, l := range links[nodes-suffering:] {
			do(l)
		}
	}
	s.begin = func() { each(what) }
	s.end = func() { each((*network.Link).Mend) }
	return s
}

func cutOff(t *testing.T, nodes int, _ scale) stage {
	t.Helper()
	return befall(t, nodes, nodes, (*network.Link).Sever)
}

func oneCutOff(t *testing.T, nodes int, _ scale) stage {
	t.Helper()
	return befall(t, nodes, 1, (*network.Link).Sever)
}

func reset(t *testing.T, nodes int, _ scale) stage {
	t.Helper()
	return befall(t, nodes, nodes, (*network.Link).Reset)
}

func slow(t *testing.T, nodes int, of scale) stage {
	t.Helper()
	return befall(t, nodes, nodes, func(l *network.Link) { l.Slow(of.timeout, 0) })
}

func slowish(t *testing.T, nodes int, of scale) stage {
	t.Helper()
	const part = 10 // each way
	return befall(t, nodes, nodes, func(l *network.Link) { l.Slow(of.timeout/part, 0) })
}

func trickle(t *testing.T, nodes int, _ scale) stage {
	t.Helper()
	const bytes = 20
	return befall(t, nodes, nodes, func(l *network.Link) { l.Slow(time.Duration(0), bytes) })
}
