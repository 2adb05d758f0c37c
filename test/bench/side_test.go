package bench

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
)

// side is one of two servers that are compared, and its connections.
type side struct {
	pid      int
	before   time.Duration // of its CPU time
	visitors []*visitor
}

// newSide starts a server of a plugin, and connects once for each core.
func newSide(b *testing.B, t traffic) *side {
	b.Helper()
	s := &side{}
	s.pid, t.socket = startServer(b, "plugin", t.plugin)
	for range runtime.GOMAXPROCS(0) {
		v, err := t.visit()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = v.client.Close() })
		s.visitors = append(s.visitors, v)
	}
	s.before = cpuTime(b, s.pid)
	return s
}

// takeTurns has each side handle b.N events, turn by turn: what else the machine does concerns all alike.
func takeTurns(b *testing.B, sides ...*side) {
	b.Helper()
	const turn = 500 // some 20 ms
	for done := 0; done < b.N; done += turn {
		for _, s := range sides {
			if err := s.handle(min(turn, b.N-done)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// handle sends events on all connections at once.
func (s *side) handle(events int) error {
	failed := make([]error, len(s.visitors))
	var all sync.WaitGroup
	for i, v := range s.visitors {
		all.Go(func() {
			for n := (events + i) / len(s.visitors); n > 0 && failed[i] == nil; n-- {
				failed[i] = v.event()
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// used is the CPU time that its server has taken since the connections stood.
func (s *side) used(b *testing.B) time.Duration {
	b.Helper()
	return cpuTime(b, s.pid) - s.before
}

func (s *side) report(b *testing.B, unit string) {
	b.Helper()
	b.ReportMetric(float64(s.used(b).Nanoseconds())/float64(b.N), unit)
}
