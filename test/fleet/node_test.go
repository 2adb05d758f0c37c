package fleet

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"tollgate/pluginserver/process"
	"tollgate/test/child"
	"tollgate/test/eventually"
	"tollgate/test/freeport"
)

// patience is how long a test waits for other processes. Nothing is judged by it.
const patience = time.Minute

// node is the plugin server beside one gateway: the real one, in a process of its own.
type node struct {
	socket  string
	ahead   time.Duration // its clock
	log     string        // file
	status  string        // address of the listener for operators
	process *child.Process
}

// startNode starts a node, which stops with the test. Await it.
func startNode(t *testing.T, name string, ahead time.Duration) *node {
	t.Helper()
	folder, err := os.MkdirTemp("", "fleet-") // a socket's path must be short: t.TempDir is not
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	n := &node{socket: filepath.Join(folder, "socket"), ahead: ahead, log: filepath.Join(folder, "log"), status: freeAddress(t)}
	n.start(t)
	t.Cleanup(func() {
		n.end(t, syscall.SIGTERM)
		if said, _ := os.ReadFile(n.log); t.Failed() && len(said) > 0 {
			t.Logf("node %s said:\n%s", name, said)
		}
	})
	return n
}

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	return freeport.Address(port)
}

func (n *node) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	n.process, err = child.Start(child.Command{
		Argv:   []string{os.Args[0], "serve", "--socket", n.socket, "--status=" + n.status, "--log-level=warn"},
		Env:    append(os.Environ(), aheadEnv+"="+n.ahead.String(), "GORACE=atexit_sleep_ms=0"),
		Output: log,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// await waits until the node answers.
func (n *node) await(t *testing.T) {
	t.Helper()
	eventually.Holds(t, patience, "an answer on "+n.socket, func() bool {
		_, err := process.Probe(n.socket, patience)
		return err == nil
	})
}

// end ends the process by a signal. One that is asked to end must do so without a complaint, of the race
// detector among others.
func (n *node) end(t *testing.T, sig syscall.Signal) {
	t.Helper()
	n.process.Signal(sig)
	<-n.process.Done()
	if code := n.process.Code(); code != 0 && sig != syscall.SIGKILL {
		t.Errorf("a node ended with code %d", code)
	}
}
