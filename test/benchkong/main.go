package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// options are what the command line can change.
type options struct {
	rounds      int
	turn        time.Duration
	connections int
	only        string
	environment []string
	document    string
	plot        string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 12, "turns of each route")
	flag.DurationVar(&o.turn, "turn", 2*time.Second, "length of a turn, whole seconds")
	flag.IntVar(&o.connections, "connections", 16, "connections of the load")
	flag.StringVar(&o.only, "only", "", "names of routes, separated by commas; all by default")
	flag.Func("env", "NAME=value for Kong and the plugin server, such as KONG_LUA_SOCKET_POOL_SIZE=256 or GOGC=200; may be repeated", func(s string) error {
		o.environment = append(o.environment, s)
		return nil
	})
	flag.StringVar(&o.document, "document", "test/BENCH.md", "file that gets the table; empty for none")
	flag.StringVar(&o.plot, "plot", "test/bench-kong.svg", "file that gets the plot; empty for none")
	flag.Parse()
	os.Exit(benchkong(o))
}

// benchkong returns the exit code.
func benchkong(o options) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "benchkong:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, o options) error {
	if err := tools("kong", "redis-server", "wrk", "nginx"); err != nil {
		return err
	}
	s := &stack{}
	results, err := s.run(ctx, o)
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	machine, err := describe()
	if err != nil {
		return err
	}
	return publish(o, machine, results)
}

// tools tells which programs are missing, all at once.
func tools(names ...string) error {
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("not on the PATH: %s", strings.Join(missing, ", "))
}

// publish prints the results, and writes them where they are kept.
func publish(o options, machine string, results []result) error {
	table := report(machine, o, results)
	fmt.Print("\n", table)
	if o.document != "" {
		if err := replaceSection(o.document, table); err != nil {
			return err
		}
	}
	if o.plot == "" {
		return nil
	}
	return os.WriteFile(o.plot, []byte(plot(results)), 0o644)
}
