package server

import (
	"context"
	"net"
	"time"
)

// admit makes room for a connection that has been accepted, and waits where there is none. While it waits the
// kernel queues what comes: Kong then waits too, which is better than to be turned away, since it comes back at
// once and without a limit (pb_rpc.lua, handle_event).
func (s *Server) admit(ctx context.Context, nc net.Conn) *conn {
	const step = 10 * time.Millisecond
	for s.crowd.size() >= s.config.Connections && ctx.Err() == nil {
		dismissed := s.crowd.dismiss(s.config.Connections/16+1, time.Now())
		s.metrics.dismissed.Add(float64(dismissed))
		if s.crowdLog.Allow() {
			s.log().Warn("as many connections as there may be: those whose peer has been silent longest are ended",
				"limit", s.config.Connections, "ended", dismissed)
		}
		if dismissed == 0 {
			time.Sleep(step)
		}
	}
	c := s.newConn(nc)
	s.crowd.add(c)
	return c
}
