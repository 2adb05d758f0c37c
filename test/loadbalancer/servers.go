package loadbalancer

import (
	"net"
	"sync"
	"time"
)

// servers are connections to the server.
type servers struct {
	addr  string
	reuse bool
	mu    sync.Mutex
	idle  []net.Conn
}

func (s *servers) take() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		conn := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return conn, nil
	}
	const patience = 20 * time.Second
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(SNAT)}, Timeout: patience}
	conn, err := dialer.Dial("tcp", s.addr)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	return conn, err
}

func (s *servers) give(conn net.Conn, sound bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sound && s.reuse {
		s.idle = append(s.idle, conn)
		return
	}
	conn.Close()
}

func (s *servers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.idle {
		conn.Close()
	}
}
