package chaos

import (
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"tollgate/test/freeport"
	"tollgate/test/redisproc"
	"tollgate/test/redistest"
)

func paused(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	server := redistest.StartWith(t, redisproc.Options{})
	s := on(t, server.Addr)
	s.begin = func() { server.Signal(syscall.SIGSTOP) }
	s.end = func() { server.Signal(syscall.SIGCONT) }
	return s
}

// durable writes each count down before it answers.
func durable(t *testing.T) redisproc.Options {
	t.Helper()
	return redisproc.Options{Folder: t.TempDir(), Settings: []string{"appendonly yes", "appendfsync always"}}
}

func killed(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	return killedWith(t, durable(t))
}

func killedEmpty(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	return killedWith(t, redisproc.Options{})
}

func killedWith(t *testing.T, o redisproc.Options) stage {
	t.Helper()
	server := redistest.StartWith(t, o)
	s := on(t, server.Addr)
	s.begin = server.Close
	s.end = func() { restarted(t, server, o) }
	return s
}

func flushed(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	addr := redistest.Start(t)
	s := on(t, addr)
	s.again = func() { tell(t, addr, "script", "flush") }
	s.begin, s.end = s.again, s.again
	return s
}

func full(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	addr := redistest.Start(t)
	s := on(t, addr)
	s.begin = func() { tell(t, addr, "config", "set", "maxmemory", 1) } // noeviction is the default
	s.end = func() { tell(t, addr, "config", "set", "maxmemory", 0) }
	return s
}

// readOnly makes it the replica of a master that is away: it keeps what it has.
func readOnly(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	addr := redistest.Start(t)
	away, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	s := on(t, addr)
	s.begin = func() { tell(t, addr, "replicaof", "127.0.0.1", away) }
	s.end = func() { tell(t, addr, "replicaof", "no", "one") }
	return s
}

// busy has a script run for as long as the trouble lasts: Redis is silent, and later answers BUSY.
func busy(t *testing.T, _ int, _ scale) stage {
	t.Helper()
	addr := redistest.StartWith(t, redisproc.Options{Settings: []string{"lua-time-limit 500"}}).Addr
	client := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: -1})
	t.Cleanup(func() { _ = client.Close() })
	done := make(chan error, 1)
	s := on(t, addr)
	s.begin = func() {
		go func() { done <- client.Eval(t.Context(), "while true do end", nil).Err() }()
	}
	s.end = func() {
		redistest.Await(t, addr, "the end of the script", func(c *redis.Client) bool { return c.ScriptKill(t.Context()).Err() == nil })
		<-done // it says that it was killed
	}
	return s
}
