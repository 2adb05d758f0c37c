// Package child runs processes for tests and the sandbox. A child does not outlive the process that
// started it, however that ends.
package child

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Command says what to run.
type Command struct {
	// Argv is the command, looked up on the PATH, and its arguments.
	Argv []string
	// Env is the whole environment; nil means that of this process.
	Env []string
	// Input is what the child reads, nothing by default.
	Input io.Reader
	// Output gets what the child writes to both of its streams; nil drops it.
	Output *os.File
}

// Process is a child that was started.
type Process struct {
	// PID is its process id.
	PID  int
	name string
	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs the command in a process group of its own, so that a terminal's Ctrl-C reaches only this
// process.
func Start(c Command) (*Process, error) {
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Stdin = c.Env, c.Input
	if c.Output != nil {
		cmd.Stdout, cmd.Stderr = c.Output, c.Output
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	p := &Process{name: c.Argv[0], cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go p.live(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.PID = cmd.Process.Pid
	return p, nil
}

// live keeps the thread that starts the child until the child has ended: Linux takes the thread for
// the parent whose death is told to the child.
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // Code tells
	close(p.done)
}

// Done is closed once the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Code is the exit code of a child that has ended, as a shell reports it.
func (p *Process) Code() int {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		const signalled = 128
		return signalled + int(status.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends a signal; a child that has ended gets none.
func (p *Process) Signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }

// Stop ends the child by SIGTERM, and by SIGKILL where it has not ended after patience. Who stops a
// child that has ended does nothing.
func (p *Process) Stop(patience time.Duration) error {
	p.Signal(syscall.SIGTERM)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	}
	p.Signal(syscall.SIGKILL)
	<-p.done
	return fmt.Errorf("%s did not end within %s of SIGTERM, and was killed", p.name, patience)
}
