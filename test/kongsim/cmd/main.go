package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"tollgate/test/kongsim"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "kongsim: %v\n", err)
		os.Exit(1)
	}
}

func run() (err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	env := environment{lookup: os.Getenv}
	options, err := env.options()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, env.close()) }()
	gateway, err := kongsim.Start(context.Background(), options)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "kongsim, a stand-in for Kong, listens on %s\n", gateway.URL())
	for s := range signals {
		if s != syscall.SIGHUP {
			break
		}
		if err := gateway.ReloadFile(); err != nil {
			fmt.Fprintf(os.Stderr, "kongsim: not reloaded: %v\n", err)
		}
	}
	return gateway.Close()
}
