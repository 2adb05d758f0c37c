// Package node runs plugin servers as they stand beside gateways, each in a process of its own, and sends them
// requests as a worker of Kong does.
package node

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tollgate/pluginserver/command"
	"tollgate/pluginserver/process"
	"tollgate/test/child"
	"tollgate/test/eventually"
	"tollgate/test/freeport"
)

// Patience is how long a test waits for other processes. Nothing is judged by it.
const Patience = time.Minute

// aheadEnv makes the test binary a plugin server whose clock is ahead by a duration.
const aheadEnv = "TOLLGATE_NODE_AHEAD"

// Serve is the plugin server itself, but for its clock, where Start has started this process for that. TestMain
// calls it first, and exits with the code.
func Serve() (code int, started bool) {
	text, started := os.LookupEnv(aheadEnv)
	if !started {
		return 0, false
	}
	ahead, err := time.ParseDuration(text)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", aheadEnv, err)
		return 1, true
	}
	return command.Execute(os.Args, command.WithClock(func() time.Time { return time.Now().Add(ahead) })), true
}

// Node is the plugin server beside one gateway.
type Node struct {
	// Socket is what it listens on.
	Socket  string
	ahead   time.Duration // its clock
	log     string        // file
	status  string        // address of the listener for operators
	process *child.Process
}

// New starts a node whose clock is ahead, and which stops with the test. Await it.
func New(tb testing.TB, name string, ahead time.Duration) *Node {
	tb.Helper()
	folder, err := os.MkdirTemp("", "node-") // a socket's path must be short: tb.TempDir is not
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	port, err := freeport.Take()
	if err != nil {
		tb.Fatal(err)
	}
	n := &Node{
		Socket: filepath.Join(folder, "socket"), ahead: ahead,
		log: filepath.Join(folder, "log"), status: freeport.Address(port),
	}
	n.Start(tb)
	tb.Cleanup(func() {
		n.End(tb, syscall.SIGTERM)
		if said, _ := os.ReadFile(n.log); tb.Failed() && len(said) > 0 {
			tb.Logf("node %s said:\n%s", name, said)
		}
	})
	return n
}

// Start starts a node that has ended anew.
func (n *Node) Start(tb testing.TB) {
	tb.Helper()
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	n.process, err = child.Start(child.Command{
		Argv:   []string{os.Args[0], "serve", "--socket", n.Socket, "--status=" + n.status, "--log-level=warn"},
		Env:    append(os.Environ(), aheadEnv+"="+n.ahead.String(), "GORACE=atexit_sleep_ms=0"),
		Output: log,
	})
	_ = log.Close()
	if err != nil {
		tb.Fatal(err)
	}
}

// Await waits until the node answers.
func (n *Node) Await(tb testing.TB) {
	tb.Helper()
	eventually.Holds(tb, Patience, "an answer on "+n.Socket, func() bool {
		_, err := process.Probe(n.Socket, Patience)
		return err == nil
	})
}

// End ends the process by a signal. One that is asked to end must do so without a complaint, of the race
// detector among others.
func (n *Node) End(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	n.process.Signal(sig)
	<-n.process.Done()
	if code := n.process.Code(); code != 0 && sig != syscall.SIGKILL {
		tb.Errorf("a node ended with code %d", code)
	}
}
