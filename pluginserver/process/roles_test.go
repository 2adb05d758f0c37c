package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"tollgate/pluginserver/server"
	"tollgate/test/eventually"
)

// patience is how long a test waits for what another process does.
const patience = 10 * time.Second

// The test binary plays every process of the tests, by its role in the environment: a parent with
// signals and children of its own cannot run within the test's process.
const (
	roleEnv   = "TOLLGATE_TEST_ROLE"
	folderEnv = "TOLLGATE_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	role, folder := os.Getenv(roleEnv), os.Getenv(folderEnv)
	switch role {
	case "":
		os.Exit(m.Run())
	case "parent":
		os.Exit(playParent(folder, os.Args[1:]))
	case "server":
		os.Exit(playServer(folder))
	case "gateway":
		os.Exit(playGateway(folder, os.Args[1:]))
	}
	panic("unknown role " + role)
}

func socketIn(folder string) string { return filepath.Join(folder, "s") }

// testTiming is short, but for what a busy machine must not exceed.
var testTiming = Timing{
	Start: 5 * time.Second, Probe: 50 * time.Millisecond, Silence: 300 * time.Millisecond, Stop: 2 * time.Second,
	BackoffMin: 10 * time.Millisecond, BackoffMax: 3 * time.Second,
}

// role is the command line of a process that plays a role.
func role(name string, args ...string) []string {
	return append([]string{"/usr/bin/env", roleEnv + "=" + name, os.Args[0]}, args...)
}

func playParent(folder string, gateway []string) int {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) // as process 1 is
	s := Supervisor{
		Server: role("server"), Gateway: role("gateway", gateway...), Socket: socketIn(folder),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Timing: testTiming,
	}
	if _, err := os.Stat(filepath.Join(folder, "no-server")); err == nil {
		s.Server = []string{"false"}
	}
	code, err := s.Run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// playServer is a plugin server without plugins.
func playServer(folder string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	keep, err := Keep()
	if err != nil {
		return 1
	}
	s := server.New(server.Config{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Keep: keep})
	defer s.Close()
	if _, err := os.Stat(filepath.Join(folder, "slow-start")); err == nil {
		time.Sleep(2 * testTiming.Silence)
	}
	listener, err := server.Listen(socketIn(folder), 0o600)
	if err != nil {
		return 1
	}
	note(folder, "server", os.Getpid())
	if err := s.Serve(ctx, listener, time.Second); err != nil {
		return 1
	}
	return 0
}

// playGateway notes whether the server answered at its start, then notes each signal; SIGQUIT and
// SIGTERM end it with code 7, SIGQUIT after it has noted whether the server still answers.
func playGateway(folder string, args []string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1)
	_, err := Probe(socketIn(folder), time.Second)
	note(folder, "answered-at-start", err == nil)
	if len(args) > 0 && args[0] == "end" {
		return 3
	}
	if len(args) > 0 && args[0] == "orphan" {
		_ = exec.Command("sh", "-c", "sleep 0.05 & exit 0").Run()
	}
	note(folder, "gateway", os.Getpid())
	for sig := range signals {
		switch sig {
		case syscall.SIGQUIT:
			_, err := Probe(socketIn(folder), time.Second)
			note(folder, "answered-at-drain", err == nil)
			return 7
		case syscall.SIGTERM:
			return 7
		default:
			note(folder, "signal", sig)
		}
	}
	return 0
}

// note writes a value to a file that appears at once and whole.
func note(folder, name string, value any) {
	path := filepath.Join(folder, name)
	_ = os.WriteFile(path+".new", []byte(fmt.Sprint(value)), 0o600)
	_ = os.Rename(path+".new", path)
}

// noted waits for a note that differs from before, and returns it.
func noted(t *testing.T, folder, name, before string) string {
	t.Helper()
	var text string
	eventually.Holds(t, patience, name+" to be noted", func() bool {
		data, err := os.ReadFile(filepath.Join(folder, name))
		text = string(data)
		return err == nil && text != before
	})
	return text
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool { return state(pid) != "" && state(pid) != "Z" }

// state is the process's state letter in /proc, empty for none.
func state(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return rest[:1]
}

// openSockets counts a process's sockets.
func openSockets(t *testing.T, pid int) int {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}
