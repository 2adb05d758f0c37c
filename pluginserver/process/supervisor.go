package process

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// Supervisor runs a plugin server and a gateway.
type Supervisor struct {
	// Server and Gateway are the commands to run.
	Server, Gateway []string
	// Socket is where the server listens.
	Socket string
	Log    *slog.Logger
	Timing Timing
}

// Timing are the waits of a Supervisor.
type Timing struct {
	// Start is how long the server has until its first answer.
	Start time.Duration
	// Probe is the time between two questions, and how long one may take.
	Probe time.Duration
	// Silence is how long the server may give no answer before it is killed; twice as long after one that was
	// killed for it before it had lived for BackoffMax, up to four times.
	Silence time.Duration
	// Stop is how long the server has after SIGTERM.
	Stop time.Duration
	// BackoffMin and BackoffMax bound the wait before a server that died soon after its start is
	// started again; one that lived longer than BackoffMax is started at once.
	BackoffMin, BackoffMax time.Duration
}

// DefaultTiming is that of the image.
func DefaultTiming() Timing {
	return Timing{
		Start: 10 * time.Second, Probe: time.Second, Silence: 3 * time.Second, Stop: 7 * time.Second,
		BackoffMin: 100 * time.Millisecond, BackoffMax: 5 * time.Second,
	}
}

// Run runs both until the gateway has ended, and returns the gateway's exit code. It takes over the
// process's signals and children: call it once, in main.
func (s *Supervisor) Run() (code int, err error) {
	runtime.LockOSThread() // children are bound to the thread that started them
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT,
		syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	defer signal.Stop(signals)

	r := &run{s: s, signals: signals, answers: make(chan answer, 1), restart: stoppedTimer(), silent: stoppedTimer(), eager: stoppedTimer(), patience: s.Timing.Silence}
	defer r.restart.Stop()
	defer r.silent.Stop()
	defer r.eager.Stop()
	if err := r.startServer(); err != nil {
		return 1, err
	}
	defer r.stopServer()
	if err := r.awaitServer(); err != nil {
		return 1, err
	}
	if r.stopping != nil { // told to end before there was a gateway
		return exitOf(*r.stopping), nil
	}
	if r.gateway, err = start(s.Gateway, nil); err != nil {
		return 1, err
	}
	return r.watch(), nil
}

// exitOf is the shell's exit code of a process that a signal has ended.
func exitOf(sig syscall.Signal) int { return exit{status: syscall.WaitStatus(sig)}.code() }

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

var errServerExited = errors.New("the plugin server ended before it answered")

// awaitServer waits for the server's first answer.
func (r *run) awaitServer() error {
	const step = 20 * time.Millisecond
	poll := time.NewTicker(step)
	defer poll.Stop()
	deadline := time.Now().Add(r.s.Timing.Start)
	for {
		select {
		case sig := <-r.signals:
			r.handle(sig)
			if r.server == 0 {
				return errServerExited
			}
			if r.stopping != nil {
				return nil
			}
		case <-poll.C:
			names, err := Probe(r.s.Socket, r.s.Timing.Probe)
			if err == nil {
				r.hear(names)
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("the plugin server gave no answer within %s: %w", r.s.Timing.Start, err)
			}
		}
	}
}
