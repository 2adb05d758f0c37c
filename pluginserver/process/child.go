package process

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
)

// startServer starts a server that can hand its connections over to a keeper in this process.
func startServer(argv []string, log *slog.Logger) (pid int, err error) {
	serverEnd, err := startKeeper(log)
	if err != nil {
		return 0, err
	}
	defer func() { _ = serverEnd.Close() }()
	const firstExtra = 3 // after the standard streams
	return start(argv, []string{fmt.Sprintf("%s=%d", keeperEnv, firstExtra)}, serverEnd)
}

// start runs a command with the parent's environment and streams, and more of both, in a process
// group of its own, so that a terminal's Ctrl-C reaches only the parent. The child gets a SIGTERM if
// the parent's thread dies, so the caller must be locked to a thread that lives as long as the parent.
func start(argv, env []string, files ...*os.File) (pid int, err error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	p, err := os.StartProcess(path, argv, &os.ProcAttr{
		Env:   append(os.Environ(), env...),
		Files: append([]*os.File{os.Stdin, os.Stdout, os.Stderr}, files...),
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM},
	})
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	defer func() { _ = p.Release() }() // waited for by reap
	return p.Pid, nil
}

// exit is how a child ended.
type exit struct {
	pid    int
	status syscall.WaitStatus
}

// code is the exit code that a shell would report.
func (e exit) code() int {
	const signalled = 128
	if e.status.Signaled() {
		return signalled + int(e.status.Signal())
	}
	return e.status.ExitStatus()
}

func (e exit) String() string {
	if e.status.Signaled() {
		return fmt.Sprintf("signal %d, %s", e.status.Signal(), e.status.Signal())
	}
	return fmt.Sprintf("exit code %d", e.status.ExitStatus())
}

// reap collects every child that has ended, orphans that the system has handed to this process
// included.
func reap() []exit {
	var ended []exit
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || pid <= 0:
			return ended
		}
		ended = append(ended, exit{pid: pid, status: status})
	}
}
