package redisproc

import (
	"fmt"

	"tollgate/test/freeport"
)

// StartClusterNode starts a server that knows no other node and has no slots yet, and returns the port of its
// bus too, which CLUSTER MEET wants.
func StartClusterNode(o Options) (s *Server, bus int, err error) {
	s, err = onPort(o.Port, func(port int) (*Server, error) {
		own := o
		own.Port = port
		if bus, err = freeport.Take(); err != nil {
			return nil, err
		}
		own.Settings = append([]string{
			"cluster-enabled yes", fmt.Sprintf("cluster-port %d", bus), fmt.Sprintf("cluster-config-file nodes-%d.conf", port),
			// A second of silence is an outage: the tests wait for it.
			"cluster-node-timeout 1000",
		}, o.Settings...)
		return run(port, ready, own.settings(), own.Env, "-")
	})
	return s, bus, err
}
