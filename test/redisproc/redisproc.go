// Package redisproc runs an empty redis-server without persistence, for tests and the sandbox.
package redisproc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"tollgate/test/child"
	"tollgate/test/freeport"
)

// ErrMissing tells that there is no redis-server on the PATH.
var ErrMissing = errors.New("there is no redis-server on the PATH")

// Options of a server. The zero value of a field is its default.
type Options struct {
	Port     int    // any free one
	Password string // none
	Folder   string // where the server runs, and writes nothing: the system's temporary folder
}

// Server is one that accepts connections.
type Server struct {
	// Addr is host:port.
	Addr    string
	process *child.Process
	read    chan struct{} // closed once all that the server says was read
}

// Start returns once the server accepts connections.
func Start(o Options) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, ErrMissing
	}
	if o.Port != 0 {
		return start(o)
	}
	const attempts = 5 // another process may take the port between its choice and its use
	var server *Server
	var err error
	for range attempts {
		if o.Port, err = freeport.Take(); err != nil {
			return nil, err
		}
		if server, err = start(o); err == nil {
			return server, nil
		}
	}
	return nil, err
}

func start(o Options) (*Server, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("piping the output of redis-server: %w", err)
	}
	if o.Folder == "" {
		o.Folder = os.TempDir()
	}
	// The settings come by standard input: a password on the command line is everybody's to read.
	process, err := child.Start(child.Command{
		Argv: []string{"redis-server", "-"}, Input: strings.NewReader(o.settings()), Output: in,
	})
	_ = in.Close()
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	s := &Server{Addr: freeport.Address(o.Port), process: process, read: make(chan struct{})}
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			go s.drain(out)
			return s, nil
		}
	}
	close(s.read)
	s.Close()
	return nil, errors.Join(fmt.Errorf("redis-server did not get ready:\n%s", strings.Join(said, "\n")), out.Close())
}

func (o Options) settings() string {
	lines := []string{
		"bind 127.0.0.1", fmt.Sprintf("port %d", o.Port), `save ""`, "appendonly no", fmt.Sprintf("dir %q", o.Folder),
	}
	if o.Password != "" {
		lines = append(lines, fmt.Sprintf("requirepass %q", o.Password))
	}
	return strings.Join(lines, "\n") + "\n"
}

// drain keeps a full pipe from stopping the server.
func (s *Server) drain(out *os.File) {
	defer close(s.read)
	_, _ = io.Copy(io.Discard, out)
	_ = out.Close()
}

// PID is the server's process id.
func (s *Server) PID() int { return s.process.PID }

// Close ends the server. It keeps nothing that a sudden end could harm.
func (s *Server) Close() {
	const patience = 5 * time.Second
	_ = s.process.Stop(patience) // a kill is fine too
	<-s.read
}
