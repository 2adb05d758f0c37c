package sandbox

import (
	"fmt"
	"os"
	"path/filepath"

	"tollgate/test/freeport"
)

// makeFolder makes the one folder of the sandbox. A real Kong's workers, which may be another user,
// must get through it.
func makeFolder() (string, error) {
	folder, err := os.MkdirTemp("", "tollgate-")
	if err != nil {
		return "", fmt.Errorf("making the sandbox's folder: %w", err)
	}
	return folder, os.Chmod(folder, 0o755)
}

// Socket is the plugin server's.
func (s *Sandbox) Socket() string { return filepath.Join(s.Folder, "server.socket") }

// ConfigFile is the gateway's configuration, rendered.
func (s *Sandbox) ConfigFile() string { return filepath.Join(s.Folder, "kong.yml") }

// Prefix is the gateway's own folder.
func (s *Sandbox) Prefix() string { return filepath.Join(s.Folder, "kong") }

// RunLog has what the plugin server, its parent and the gateway write to their streams.
func (s *Sandbox) RunLog() string { return filepath.Join(s.Folder, "run.log") }

// ErrorLog is the gateway's.
func (s *Sandbox) ErrorLog() string { return filepath.Join(s.Folder, "error.log") }

// AccessLog is the gateway's, one line of JSON for each request.
func (s *Sandbox) AccessLog() string { return filepath.Join(s.Folder, "access.log") }

// ports are those that processes are told to listen on.
type ports struct{ proxy, tls, admin, status, issuer, echo, redis int }

// usualPorts are the best known ones where there are any.
func usualPorts() ports {
	return ports{proxy: 8000, tls: 8443, admin: 8001, status: 9145, issuer: 9002, echo: 9001, redis: 6390}
}

// choosePorts takes free ones, the usual where possible.
func choosePorts(usual ports) (ports, error) {
	p := usual
	for _, port := range []*int{&p.proxy, &p.tls, &p.admin, &p.status, &p.issuer, &p.echo, &p.redis} {
		var err error
		if *port, err = freeport.Or(*port); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p ports) address(port int) string { return freeport.Address(port) }
