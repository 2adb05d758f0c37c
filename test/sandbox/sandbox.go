package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"tollgate/test/child"
	"tollgate/test/issuer"
)

// Sandbox is one that serves.
type Sandbox struct {
	// URL, TLSURL and AdminURL are the gateway's; kongsim has only the first.
	URL, TLSURL, AdminURL string
	// StatusURL is the plugin server's, for metrics and health.
	StatusURL string
	// IssuerURL is where tokens are minted.
	IssuerURL string
	// EchoURL is the upstream.
	EchoURL string
	Issuer  *issuer.Issuer
	Redis   Redis
	// Folder holds every file of the sandbox.
	Folder string

	options  Options
	binaries *Binaries
	ports    ports
	run      *child.Process
	closers  []func() error
}

// Start returns once a request gets through the gateway to the upstream. Where that fails, or ctx ends,
// nothing is left behind, and the error holds the end of what the processes wrote.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	o.Gateway = cmp.Or(o.Gateway, KongSim)
	o.Patience = cmp.Or(o.Patience, time.Minute)
	s := &Sandbox{options: o}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	for _, step := range []func() error{s.startRedis, s.startIssuer, s.startEcho} {
		if err := step(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := s.configure(); err != nil {
		return err
	}
	if err := s.startRun(); err != nil {
		return err
	}
	return s.awaitReady(ctx)
}

// prepare makes the folder and the programs, and chooses the ports.
func (s *Sandbox) prepare(ctx context.Context) error {
	var err error
	if s.Folder, err = makeFolder(); err != nil {
		return err
	}
	s.onClose(func() error { return os.RemoveAll(s.Folder) })
	if s.binaries = s.options.Binaries; s.binaries == nil {
		if s.binaries, err = Build(ctx, s.Folder, s.options.Gateway); err != nil {
			return err
		}
	}
	var usual ports
	if s.options.UsualPorts {
		usual = usualPorts()
	}
	if s.ports, err = choosePorts(usual); err != nil {
		return err
	}
	s.URL = "http://" + s.ports.address(s.ports.proxy)
	s.TLSURL = "https://" + s.ports.address(s.ports.tls)
	s.AdminURL = "http://" + s.ports.address(s.ports.admin)
	s.StatusURL = "http://" + s.ports.address(s.ports.status)
	return nil
}

func (s *Sandbox) configure() error {
	source := s.options.Config
	if source == nil {
		var err error
		if source, err = exampleConfig(s.binaries.ModuleRoot); err != nil {
			return err
		}
	}
	return s.writeConfig(source)
}

// onClose notes what Close is to undo, the latest first.
func (s *Sandbox) onClose(undo func() error) { s.closers = append(s.closers, undo) }

// Close ends every process and removes every file. A second Close does nothing.
func (s *Sandbox) Close() error {
	var problems []error
	for _, undo := range slices.Backward(s.closers) {
		problems = append(problems, undo())
	}
	s.closers = nil
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("closing the sandbox: %w", err)
	}
	return nil
}
