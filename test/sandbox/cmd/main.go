// Command cmd runs the sandbox: `cmd run` in the foreground until Ctrl-C, `cmd tour` through a tour of
// requests. GATEWAY=kong takes the kong of the PATH in place of the stand-in. `cmd tour URL ISSUER` goes
// through the tour at a gateway and an issuer that run already, such as those of docker-compose.yml.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"tollgate/test/sandbox"
	"tollgate/test/sandbox/tour"
)

const usage = "usage: cmd run | tour [URL ISSUER]"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	code := execute(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute returns the exit code: 2 for a wrong command line, 1 for what went wrong, 130 for a start or a
// tour that was interrupted.
func execute(ctx context.Context, args []string) int {
	if len(args) == 3 && args[0] == "tour" {
		return exitCode(ctx, tour.Visit(ctx, tour.Place{Gateway: args[1], Issuer: args[2]}))
	}
	commands := map[string]func(context.Context, sandbox.Gateway) error{"run": serve, "tour": tour.Run}
	if len(args) != 1 || commands[args[0]] == nil {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	gateway, err := sandbox.GatewayFromEnv()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return exitCode(ctx, commands[args[0]](ctx, gateway))
}

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "interrupted")
		return 130
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// serve runs a sandbox until ctx ends, which is its good end.
func serve(ctx context.Context, gateway sandbox.Gateway) error {
	fmt.Println("Building and starting …")
	s, err := sandbox.Start(ctx, sandbox.Options{Gateway: gateway, UsualPorts: true})
	if err != nil {
		return err
	}
	fmt.Printf("\nTollgate's sandbox serves. Ctrl-C ends it and leaves nothing behind.\n\n%s\nTry\n\n%s\n", s.Describe(), s.Examples())
	select {
	case <-ctx.Done():
		fmt.Println("\nStopping …")
		return s.Close()
	case <-s.Ended():
		return errors.Join(fmt.Errorf("the gateway ended with code %d", s.Code()), s.Close())
	}
}
