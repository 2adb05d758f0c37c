// Command issuer runs the demo issuer in the foreground.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tollgate/test/issuer"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9002", "host:port to listen on")
	base := flag.String("base-url", "", "scheme and host of the issuer's URL (default: where it listens)")
	environment := flag.String("environment", issuer.DefaultEnvironment, "PingOne environment id in the issuer's URL")
	flag.Parse()
	if err := run(*listen, issuer.Options{BaseURL: *base, Environment: *environment}); err != nil {
		fmt.Fprintf(os.Stderr, "issuer: %v\n", err)
		os.Exit(1)
	}
}

func run(listen string, o issuer.Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	o.BaseURL = cmp.Or(o.BaseURL, "http://"+listener.Addr().String())
	handler, err := issuer.New(o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(os.Stderr, "issuer %s listens on http://%s\n", handler.URL(), listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
