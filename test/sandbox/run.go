package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"tollgate/test/child"
)

// stopPatience is what `pluginserver run` may take to end: its gateway drains, then the server does.
const stopPatience = 20 * time.Second

// startRun starts the plugin server's entrypoint, which starts the server and the gateway.
func (s *Sandbox) startRun() error {
	gateway, err := s.gatewayCommand()
	if err != nil {
		return err
	}
	output, err := os.OpenFile(s.RunLog(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { _ = output.Close() }()
	argv := []string{s.binaries.PluginServer, "run", "--socket", s.Socket(), "--status", s.ports.address(s.ports.status), "--"}
	s.run, err = child.Start(child.Command{Argv: append(argv, gateway...), Env: s.environment(), Output: output})
	if err != nil {
		return err
	}
	s.onClose(func() error { return s.run.Stop(stopPatience) })
	return nil
}

// awaitReady waits until the open route answers.
func (s *Sandbox) awaitReady(ctx context.Context) error {
	const step = 20 * time.Millisecond
	poll := time.NewTicker(step)
	defer poll.Stop()
	deadline := time.NewTimer(s.options.Patience)
	defer deadline.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.run.Done():
			return fmt.Errorf("the gateway and its plugin server ended with code %d:\n%s", s.run.Code(), s.LastWords())
		case <-deadline.C:
			return fmt.Errorf("no request got through within %s:\n%s", s.options.Patience, s.LastWords())
		case <-poll.C:
			if s.answers(ctx) {
				return nil
			}
		}
	}
}

func (s *Sandbox) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/open", http.NoBody)
	if err != nil {
		return false
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// LastWords are the last lines of what the processes wrote.
func (s *Sandbox) LastWords() string {
	const most = 15
	var out []string
	for _, path := range []string{s.RunLog(), s.ErrorLog()} {
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		out = append(out, lines[max(0, len(lines)-most):]...)
	}
	return strings.Join(out, "\n")
}

// Ended is closed once the plugin server's parent, and with it the gateway, has ended.
func (s *Sandbox) Ended() <-chan struct{} { return s.run.Done() }

// Signal sends a signal to the plugin server's parent, as a container runtime does.
func (s *Sandbox) Signal(sig syscall.Signal) { s.run.Signal(sig) }

// Code is the exit code of the plugin server's parent once it has ended.
func (s *Sandbox) Code() int { return s.run.Code() }

// Reload gives the gateway another configuration, with references as in Options.Config: the file is
// replaced, and the gateway told by SIGHUP to the parent, which passes it on.
func (s *Sandbox) Reload(config []byte) error {
	if err := s.writeConfig(config); err != nil {
		return err
	}
	s.Signal(syscall.SIGHUP)
	return nil
}

// PID is that of the plugin server's parent.
func (s *Sandbox) PID() int { return s.run.PID }
