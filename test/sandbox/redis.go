package sandbox

import (
	"errors"
	"fmt"
	"net"

	"github.com/alicebob/miniredis/v2"

	"tollgate/test/redisproc"
)

// Redis is where the sandbox counts.
type Redis struct {
	Host, Port string
	// Real tells a redis-server from the embedded stand-in.
	Real bool
	// PID is the redis-server's; 0 of the stand-in, which is in this process.
	PID int
}

// startRedis starts a redis-server where there is one, else miniredis in this process.
func (s *Sandbox) startRedis() error {
	server, err := redisproc.Start(redisproc.Options{Port: s.ports.redis, Password: RedisPassword, Folder: s.Folder, File: true})
	if errors.Is(err, redisproc.ErrMissing) {
		return s.startEmbedded()
	}
	if err != nil {
		return err
	}
	s.onClose(func() error { server.Close(); return nil })
	return s.useRedis(server.Addr, server.PID())
}

func (s *Sandbox) startEmbedded() error {
	server := miniredis.NewMiniRedis()
	server.RequireAuth(RedisPassword)
	if err := server.StartAddr(s.ports.address(s.ports.redis)); err != nil {
		return fmt.Errorf("starting the embedded redis: %w", err)
	}
	s.onClose(func() error { server.Close(); return nil })
	return s.useRedis(server.Addr(), 0)
}

func (s *Sandbox) useRedis(addr string, pid int) error {
	host, port, err := net.SplitHostPort(addr)
	s.Redis = Redis{Host: host, Port: port, Real: pid != 0, PID: pid}
	return err
}
