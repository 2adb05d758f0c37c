package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"tollgate/test/echo"
	"tollgate/test/issuer"
)

// startIssuer serves a new issuer.
func (s *Sandbox) startIssuer() error {
	s.IssuerURL = "http://" + s.ports.address(s.ports.issuer)
	var err error
	s.Issuer, err = issuer.New(issuer.Options{BaseURL: s.IssuerURL, Audience: []string{Audience}})
	if err != nil {
		return err
	}
	return s.serve(s.ports.issuer, s.Issuer)
}

// startEcho serves the upstream.
func (s *Sandbox) startEcho() error {
	s.EchoURL = "http://" + s.ports.address(s.ports.echo)
	return s.serve(s.ports.echo, echo.Handler())
}

// serve runs a HTTP server in this process until the sandbox is closed.
func (s *Sandbox) serve(port int, handler http.Handler) error {
	listener, err := net.Listen("tcp", s.ports.address(port))
	if err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // until it is shut down
	}()
	s.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // the gateway is gone: nobody waits for what is left
		}
		<-ended
		return nil
	})
	return nil
}
