package loadbalancer

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate/test/child"
	"tollgate/test/freeport"
)

// run starts a load balancer on a port of its own, and stops it when the test ends.
func run(tb testing.TB, file string, config func(port int) string, argv func(file string) []string) (addr string) {
	tb.Helper()
	const attempts = 3 // another process may take the port between its choice and its use
	path, said := filepath.Join(tb.TempDir(), file), ""
	for range attempts {
		port, err := freeport.Take()
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(config(port)), 0o600); err != nil {
			tb.Fatal(err)
		}
		addr = freeport.Address(port)
		if said = start(tb, argv(path), addr); said == "" {
			return addr
		}
	}
	tb.Fatalf("%s does not run: %s", file, said)
	return ""
}

// start returns what the process said where it does not listen.
func start(tb testing.TB, argv []string, addr string) string {
	tb.Helper()
	log, err := os.CreateTemp(tb.TempDir(), "log")
	if err != nil {
		tb.Fatal(err)
	}
	process, err := child.Start(child.Command{Argv: argv, Output: log})
	if err != nil {
		tb.Fatal(err)
	}
	stop := func() {
		const patience = 5 * time.Second
		_ = process.Stop(patience) // a kill is fine too
		_ = log.Close()
	}
	if listens(addr, process.Done()) {
		tb.Cleanup(stop)
		return ""
	}
	stop()
	text, _ := os.ReadFile(log.Name())
	return "it said " + string(text)
}

// listens waits until somebody accepts connections, or the process has ended.
func listens(addr string, ended <-chan struct{}) bool {
	const patience, step = 20 * time.Second, 5 * time.Millisecond
	poll := time.NewTicker(step)
	defer poll.Stop()
	for began := time.Now(); time.Since(began) < patience; {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-poll.C:
		}
	}
	return false
}
