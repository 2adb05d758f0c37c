package process

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	pb "github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"golang.org/x/sys/unix"

	"tollgate/pluginserver/wiretest"
	"tollgate/test/eventually"
)

// pooled is a connection as Kong's pool holds it: it has served a command.
func pooled(t *testing.T, p *parent) *wiretest.Client {
	t.Helper()
	c, err := wiretest.Dial(socketIn(p.folder))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Command(&pb.RpcCall{Call: &pb.RpcCall_CmdGetPluginNames{CmdGetPluginNames: &pb.CmdGetPluginNames{}}}); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPooledConnectionOfAKilledServerEndsButStillTakesWhatIsSent(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	server := p.pid("server", "")
	before := openSockets(t, p.cmd.Process.Pid)
	c := pooled(t, p)
	eventually.Holds(t, patience, "the connection to be held", func() bool { return openSockets(t, p.cmd.Process.Pid) > before })
	_ = syscall.Kill(server, syscall.SIGKILL)
	if _, err := c.ReadFrame(); !errors.Is(err, io.EOF) {
		t.Fatalf("reading: %v, want io.EOF", err)
	}
	// Kong sends a frame in two pieces. It must not see "broken pipe" at either.
	if err := c.WriteFrame([]byte("start")); err != nil {
		t.Errorf("sending: %v", err)
	}
	eventually.Holds(t, patience, "the connection to be given up", func() bool { return errors.Is(c.WriteFrame([]byte("x")), syscall.EPIPE) })
}

func TestAConnectionThatTheServerEndsIsNotKeptOpen(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	c := pooled(t, p)
	_, err := c.Event(1, nil) // no instance has this id: the server hangs up
	if !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want io.EOF", err)
	}
}

func TestTheParentHoldsNoConnectionThatHasEnded(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	held := func() int { return openSockets(t, p.cmd.Process.Pid) }
	pooled(t, p)
	eventually.Holds(t, patience, "a connection to be held", func() bool { return held() > 0 })
	before := held()
	var all []*wiretest.Client
	for range 20 {
		all = append(all, pooled(t, p))
	}
	eventually.Holds(t, patience, "all to be held", func() bool { return held() >= before+len(all)-1 })
	for _, c := range all {
		_ = c.Close()
	}
	eventually.Holds(t, patience, "none of them to be held", func() bool { return held() <= before+1 }) // a probe's may be
}

// handedOver gives a keeper one end of a connection, which stays open here too, as in a server that
// has not noticed yet that Kong's end is closed. It returns Kong's end.
func handedOver(t *testing.T, serverEnd *os.File) (kongs int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(pair[0]) })
	if err := unix.Sendmsg(int(serverEnd.Fd()), []byte{0}, unix.UnixRights(pair[0]), nil, 0); err != nil {
		t.Fatal(err)
	}
	return pair[1]
}

func TestTheKeeperClosesNothingTwice(t *testing.T) {
	serverEnd, err := startKeeper(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer serverEnd.Close()
	open := func() int { return openSockets(t, os.Getpid()) }
	endOne := func() {
		before := open()
		kongs := handedOver(t, serverEnd)
		eventually.Holds(t, patience, "the duplicate", func() bool { return open() == before+3 })
		_ = unix.Close(kongs)
		eventually.Holds(t, patience, "the duplicate to be closed", func() bool { return open() == before+1 })
	}
	endOne()
	var files []*os.File // one of which gets the number that the duplicate had
	for range 20 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	endOne() // the keeper has looked at what it watches once more
	for _, f := range files {
		if _, err := f.Stat(); err != nil {
			t.Errorf("a file of somebody else was closed: %v", err)
		}
	}
}

// Who sends garbage and stays is held by nobody: else a peer could fill the parent with files, one connection
// after the other.
func TestTheParentHoldsNoConnectionThatTheServerHasEnded(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	held := func() int { return openSockets(t, p.cmd.Process.Pid) }
	before := held()
	for range 20 {
		c := pooled(t, p) // open until the test ends
		if err := c.WriteFrame([]byte("garbage")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ReadFrame(); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v, want the end of the connection", err)
		}
	}
	eventually.Holds(t, patience, "none of them to be held", func() bool { return held() <= before+1 }) // a probe's may be
}
