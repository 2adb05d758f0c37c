package integration

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
	"tollgate/test/sandbox"
)

// disturbances are all of them. The connections of a load are what a worker that is killed can have under way.
func disturbances() []disturbance {
	return []disturbance{
		{"SIGHUP with another configuration", reloadBySignal, reloaded, 0, false},
		{"`kong reload`", reloadByCommand, reloaded, 0, true},
		{"`POST /config`", reloadByPost, reloaded, 0, true},
		{"a worker of nginx is killed", killWorker, reloaded, loadWidth, true},
		{"the plugin server hangs for half a second", pauseServer, replaced, 0, false},
		{"the plugin server is killed", takeServer(syscall.SIGKILL), replaced, untilBack, false},
		{"the plugin server is told to end", takeServer(syscall.SIGTERM), replaced, untilBack, false},
		{"the plugin server hangs until it is replaced", takeServer(syscall.SIGSTOP), replaced, untilBack, false},
	}
}

// another is the suite's configuration with one more route, whose path it returns.
func another() ([]byte, string) {
	path := fmt.Sprintf("/fresh-%d", time.Now().UnixNano())
	return bytes.ReplaceAll(suiteConfig, []byte("paths: [/open]"), []byte("paths: [/open, "+path+"]")), path
}

// served waits for a route, and returns when it was there: in every worker, as far as that many answers tell.
func served(t *testing.T, s *sandbox.Sandbox, path string) time.Time {
	t.Helper()
	const inARow = 8
	row := 0
	eventually.Holds(t, patience, "the new route", func() bool {
		if row++; getFrom(t, s, path).status != http.StatusOK {
			row = 0
		}
		return row == inARow
	})
	return time.Now()
}

func reloadBySignal(t *testing.T, s *sandbox.Sandbox) time.Time {
	t.Helper()
	config, path := another()
	if err := s.Reload(config); err != nil {
		t.Fatal(err)
	}
	return served(t, s, path)
}

func reloadByCommand(t *testing.T, s *sandbox.Sandbox) time.Time {
	t.Helper()
	before := workers(t, s)
	if out, err := s.KongCommand("reload"); err != nil {
		t.Fatalf("kong reload: %v\n%s", err, out)
	}
	eventually.Holds(t, patience, "other workers", func() bool {
		now := workers(t, s)
		return len(now) == len(before) && !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(before, pid) })
	})
	return time.Now()
}

func reloadByPost(t *testing.T, s *sandbox.Sandbox) time.Time {
	t.Helper()
	config, path := another()
	postConfig(t, s, config)
	return served(t, s, path)
}

// postConfig gives a Kong without a database another configuration, as decK and the ingress controller do.
func postConfig(t *testing.T, s *sandbox.Sandbox, config []byte) {
	t.Helper()
	rendered, err := s.Render(config)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"config": {string(rendered)}}
	post(t, s, "/config", "application/x-www-form-urlencoded", form.Encode()).is(t, http.StatusCreated)
}

// killWorker kills the oldest worker, which has Kong's events in its care, and waits for the one in its place.
func killWorker(t *testing.T, s *sandbox.Sandbox) time.Time {
	t.Helper()
	var before []int
	eventually.Holds(t, patience, "workers", func() bool { before = workers(t, s); return len(before) > 1 })
	victim := before[0]
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually.Holds(t, patience, "another worker", func() bool {
		now := workers(t, s)
		return len(now) == len(before) && !slices.Contains(now, victim)
	})
	for _, pid := range before[1:] {
		if !slices.Contains(workers(t, s), pid) {
			t.Errorf("worker %d went with worker %d", pid, victim)
		}
	}
	return time.Now()
}

// pauseServer is a hang that nobody repairs: what waits gets its answer later.
func pauseServer(t *testing.T, s *sandbox.Sandbox) time.Time {
	t.Helper()
	const hangs = 500 * time.Millisecond // far less than the parent's patience
	pid := serverPID(t, s)
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
		if signal == syscall.SIGSTOP {
			time.Sleep(hangs)
		}
	}
	return time.Now()
}

// takeServer has the plugin server end by a signal, and returns when its parent has started another.
func takeServer(signal syscall.Signal) func(*testing.T, *sandbox.Sandbox) time.Time {
	return func(t *testing.T, s *sandbox.Sandbox) time.Time {
		t.Helper()
		victim, struck := serverPID(t, s), time.Now()
		if err := syscall.Kill(victim, signal); err != nil {
			t.Fatal(err)
		}
		var restarted time.Time
		eventually.Holds(t, patience, "the restart", func() bool {
			restarted = noted(t, s, "plugin server started", struck)
			return !restarted.IsZero()
		})
		eventually.Holds(t, patience, "the old plugin server to be gone", func() bool { return !alive(victim) })
		return restarted
	}
}

// workers are the process ids of nginx's workers that take connections, the oldest first.
func workers(t *testing.T, s *sandbox.Sandbox) (found []int) {
	t.Helper()
	for pid, line := range descendants(t, s.PID()) {
		if strings.HasPrefix(line, "nginx: worker process") && !strings.Contains(line, "shutting down") && alive(pid) {
			found = append(found, pid)
		}
	}
	slices.Sort(found)
	return found
}
