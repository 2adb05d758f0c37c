package process

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tollgate/test/eventually"
)

// parent is a running Supervisor.
type parent struct {
	t      *testing.T
	folder string
	cmd    *exec.Cmd
	stderr log
}

// log is what a process writes while it is read.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// heard waits until the parent has had an answer of each of so many servers.
func (p *parent) heard(servers int) {
	p.t.Helper()
	eventually.Holds(p.t, patience, "an answer", func() bool {
		return strings.Count(p.stderr.String(), "plugin server answers") == servers
	})
}

func startParent(t *testing.T, gateway ...string) *parent {
	t.Helper()
	p := &parent{t: t, folder: t.TempDir()}
	p.start(gateway...)
	return p
}

func (p *parent) start(gateway ...string) {
	p.cmd = exec.Command(os.Args[0], gateway...)
	p.cmd.Env = append(os.Environ(), roleEnv+"=parent", folderEnv+"="+p.folder,
		"GORACE=atexit_sleep_ms=0") // the race detector waits a second at each exit by default
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}

func (p *parent) pid(name, before string) int {
	p.t.Helper()
	pid, err := strconv.Atoi(noted(p.t, p.folder, name, before))
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

func (p *parent) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }

// wait returns the exit code.
func (p *parent) wait() int {
	p.t.Helper()
	err := p.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *parent) answers() bool {
	_, err := Probe(socketIn(p.folder), time.Second)
	return err == nil
}

func TestTheGatewayStartsWhenTheServerAnswersAndItsCodeIsTheParents(t *testing.T) {
	p := startParent(t, "end")
	if code := p.wait(); code != 3 {
		t.Errorf("exit code %d, want the gateway's 3\n%s", code, p.stderr.String())
	}
	if noted(t, p.folder, "answered-at-start", "") != "true" {
		t.Error("the gateway was started before the server answered")
	}
	eventually.Holds(t, patience, "the server to be gone", func() bool { return !alive(p.pid("server", "")) })
	if _, err := os.Lstat(socketIn(p.folder)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestAServerThatIsKilledIsReplacedAtOnce(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	first := p.pid("server", "")
	began := time.Now()
	_ = syscall.Kill(first, syscall.SIGKILL)
	p.pid("server", strconv.Itoa(first))
	eventually.Holds(t, patience, "an answer", p.answers)
	if took := time.Since(began); took > time.Second {
		t.Errorf("answers again after %v", took)
	}
}

func TestAServerThatHangsIsKilledAndReplaced(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	first := p.pid("server", "")
	_ = syscall.Kill(first, syscall.SIGSTOP)
	p.pid("server", strconv.Itoa(first))
	eventually.Holds(t, patience, "an answer", p.answers)
	if alive(first) {
		t.Error("the hung server is still there")
	}
}

// The time that a server has until its first answer is not what it may be silent after that.
func TestAServerThatHangsRightAfterItsRestartIsReplacedAsSoon(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	first := p.pid("server", "")
	_ = syscall.Kill(first, syscall.SIGKILL)
	second := p.pid("server", strconv.Itoa(first))
	p.heard(2)
	_ = syscall.Kill(second, syscall.SIGSTOP)
	began := time.Now()
	p.pid("server", strconv.Itoa(second))
	if took := time.Since(began); took > testTiming.Start/2 {
		t.Errorf("it is replaced after %v, as one that is starting", took)
	}
}

// A machine that is too busy for any answer is not made busier: each server in a row is given more time.
func TestOneServerAfterTheOtherIsGivenMoreTime(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	last := p.pid("server", "")
	var want []string
	for i, times := range []time.Duration{1, 2, 4, 4} {
		want = append(want, "silence="+(times*testTiming.Silence).String())
		p.heard(i + 1)
		_ = syscall.Kill(last, syscall.SIGSTOP)
		last = p.pid("server", strconv.Itoa(last))
	}
	p.signal(syscall.SIGTERM)
	p.wait()
	if got := regexp.MustCompile(`silence=\S+`).FindAllString(p.stderr.String(), -1); !slices.Equal(got, want) {
		t.Errorf("killed after %q, want %q", got, want)
	}
}

func TestAServerThatIsSlowToStartIsGivenTheTime(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	first := p.pid("server", "")
	note(p.folder, "slow-start", true)
	_ = syscall.Kill(first, syscall.SIGKILL)
	p.pid("server", strconv.Itoa(first)) // written once it listens
	eventually.Holds(t, patience, "an answer", p.answers)
}

func TestSIGQUITDrainsTheGatewayBeforeTheServerStops(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	server := p.pid("server", "")
	p.signal(syscall.SIGQUIT)
	if code := p.wait(); code != 7 {
		t.Errorf("exit code %d, want the gateway's 7", code)
	}
	if noted(t, p.folder, "answered-at-drain", "") != "true" {
		t.Error("the server was gone before the gateway had drained")
	}
	if alive(server) {
		t.Error("the server outlives the parent")
	}
}

func TestOtherSignalsReachTheGateway(t *testing.T) {
	p := startParent(t)
	p.pid("gateway", "")
	before := ""
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1} {
		p.signal(sig)
		if before = noted(t, p.folder, "signal", before); before != sig.String() {
			t.Errorf("the gateway got %q, want %q", before, sig)
		}
	}
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 7 {
		t.Errorf("exit code %d", code)
	}
}

func TestWithoutAServerTheGatewayIsNotStarted(t *testing.T) {
	p := &parent{t: t, folder: t.TempDir()}
	note(p.folder, "no-server", true)
	p.start()
	if code := p.wait(); code != 1 || !strings.Contains(p.stderr.String(), errServerExited.Error()) {
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(p.folder, "answered-at-start")); err == nil {
		t.Error("the gateway was started")
	}
}

func TestOrphansAreReaped(t *testing.T) {
	p := startParent(t, "orphan")
	p.pid("gateway", "")
	eventually.Holds(t, patience, "no zombie below the parent", func() bool {
		out, _ := exec.Command("ps", "--no-headers", "-o", "stat", "--ppid", strconv.Itoa(p.cmd.Process.Pid)).Output()
		return len(strings.Fields(string(out))) == 2 && !strings.Contains(string(out), "Z")
	})
}

func TestChildrenDoNotOutliveAParentThatIsKilled(t *testing.T) {
	p := startParent(t)
	gateway, server := p.pid("gateway", ""), p.pid("server", "")
	p.signal(syscall.SIGKILL)
	eventually.Holds(t, patience, "both to end", func() bool { return !alive(gateway) && !alive(server) })
}
