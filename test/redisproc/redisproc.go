// Package redisproc runs empty redis-servers without persistence, for tests and the sandbox.
package redisproc

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"tollgate/test/child"
	"tollgate/test/freeport"
)

// ErrMissing tells that there is no redis-server on the PATH.
var ErrMissing = errors.New("there is no redis-server on the PATH")

// BinaryEnv is the environment variable that names another program than redis-server: another version, or
// Valkey's.
const BinaryEnv = "TOLLGATE_REDIS_SERVER"

// Options of a server. The zero value of a field is its default.
type Options struct {
	Port     int    // any free one
	Password string // none
	Folder   string // where the server runs, and writes nothing: the system's temporary folder
	// Socket is the path of a unix socket besides the port; none.
	Socket string
	// TLS has the port speak TLS.
	TLS *TLS
	// Settings are further lines of redis.conf.
	Settings []string
	// File has the settings in a file of the folder, which sentinels have a server rewrite.
	File bool
	// Env is what the environment has besides that of this process.
	Env []string
}

// TLS names files of a server that demands a certificate of its clients.
type TLS struct{ CA, Cert, Key string }

// Server is one that accepts connections.
type Server struct {
	// Addr is host:port.
	Addr    string
	process *child.Process
	read    chan struct{} // closed once all that the server says was read
}

// Start returns once the server accepts connections.
func Start(o Options) (*Server, error) {
	return onPort(o.Port, func(port int) (*Server, error) {
		o.Port = port
		if !o.File {
			// The settings come by standard input: a password on the command line is everybody's to read.
			return run(port, ready, o.settings(), o.Env, "-")
		}
		file := filepath.Join(o.Folder, fmt.Sprintf("redis-%d.conf", port))
		if err := os.WriteFile(file, []byte(o.settings()), 0o600); err != nil {
			return nil, fmt.Errorf("writing the settings: %w", err)
		}
		return run(port, ready, "", o.Env, file)
	})
}

// ready is what a server says when it is.
const ready = "Ready to accept connections"

// onPort starts a server on a port, and on any free one where it is 0.
func onPort(port int, start func(port int) (*Server, error)) (*Server, error) {
	if port != 0 {
		return start(port)
	}
	const attempts = 5 // another process may take the port between its choice and its use
	var server *Server
	var err error
	for range attempts {
		if port, err = freeport.Take(); err != nil {
			return nil, err
		}
		if server, err = start(port); err == nil || errors.Is(err, ErrMissing) {
			return server, err
		}
	}
	return nil, err
}

func binary() (string, error) {
	name := os.Getenv(BinaryEnv)
	if name == "" {
		name = "redis-server"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// run starts the program, and returns once it says something.
func run(port int, says, input string, env []string, args ...string) (*Server, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("piping the output of redis-server: %w", err)
	}
	process, err := child.Start(child.Command{
		Argv: append([]string{path}, args...), Env: append(os.Environ(), env...), Input: strings.NewReader(input), Output: in,
	})
	_ = in.Close()
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	s := &Server{Addr: freeport.Address(port), process: process, read: make(chan struct{})}
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), says) {
			go s.drain(out)
			return s, nil
		}
	}
	close(s.read)
	s.Close()
	return nil, errors.Join(fmt.Errorf("redis-server did not get ready:\n%s", strings.Join(said, "\n")), out.Close())
}

func (o Options) settings() string {
	if o.Folder == "" {
		o.Folder = os.TempDir()
	}
	lines := []string{"bind 127.0.0.1", `save ""`, "appendonly no", fmt.Sprintf("dir %q", o.Folder)}
	lines = append(lines, o.TLS.listening(o.Port)...)
	if o.Socket != "" {
		lines = append(lines, fmt.Sprintf("unixsocket %q", o.Socket))
	}
	if o.Password != "" {
		lines = append(lines, fmt.Sprintf("requirepass %q", o.Password))
	}
	return strings.Join(append(lines, o.Settings...), "\n") + "\n"
}

// listening has a server listen on a port, with TLS where there is one.
func (t *TLS) listening(port int) []string {
	if t == nil {
		return []string{fmt.Sprintf("port %d", port)}
	}
	return []string{
		"port 0", fmt.Sprintf("tls-port %d", port), fmt.Sprintf("tls-ca-cert-file %q", t.CA),
		fmt.Sprintf("tls-cert-file %q", t.Cert), fmt.Sprintf("tls-key-file %q", t.Key),
	}
}

// drain keeps a full pipe from stopping the server.
func (s *Server) drain(out *os.File) {
	defer close(s.read)
	_, _ = io.Copy(io.Discard, out)
	_ = out.Close()
}

// PID is the server's process id.
func (s *Server) PID() int { return s.process.PID }

// Signal sends the server a signal, such as SIGSTOP.
func (s *Server) Signal(sig syscall.Signal) { s.process.Signal(sig) }

// Close kills the server: it keeps nothing that this could harm, and a master that is asked to end waits for its
// replicas.
func (s *Server) Close() {
	s.process.Signal(syscall.SIGKILL)
	<-s.process.Done()
	<-s.read
}
