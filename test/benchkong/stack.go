package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate/test/child"
	"tollgate/test/freeport"
	"tollgate/test/issuer"
	"tollgate/test/sandbox"
)

// stack is all that takes part, but for the load.
type stack struct {
	*sandbox.Sandbox
	folder   string
	upstream *child.Process
	others   []*child.Process // plugins that ours are compared with
	token    string
	closers  []func() error
}

const stopPatience = 5 * time.Second

// start starts everything, and returns once the routes answer as they should. Close the stack in any case.
func (s *stack) start(ctx context.Context, o options) ([]route, error) {
	upstreamPort, err := freeport.Take()
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		s.makeFolder,
		func() error { return s.startOthers(ctx) },
		func() error { return s.startUpstream(upstreamPort) },
		func() error { return s.startKong(ctx, upstreamPort, o.environment) },
		s.mint,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	chosen, err := choose(routes(s.place()), o.only)
	if err != nil {
		return nil, err
	}
	config, err := s.config(chosen)
	if err != nil {
		return nil, err
	}
	return chosen, errors.Join(s.Reload(config), s.awaitAll(ctx, chosen))
}

func (s *stack) makeFolder() (err error) {
	s.folder, err = os.MkdirTemp("", "tollgate-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	s.onClose(func() error { return os.RemoveAll(s.folder) })
	return os.Chmod(s.folder, 0o755) // Kong's workers may be another user
}

// startOthers starts the plugins that ours are compared with, each in a server of its own. go-pdk's calls plugin and
// socket by the program's name.
func (s *stack) startOthers(ctx context.Context) error {
	for _, other := range []struct {
		name, source string
		arguments    []string
	}{
		{stockName, "./test/benchkong/stock", []string{"-kong-prefix", s.folder}},
		{floorName, "./test/benchkong/floor", []string{"-socket", s.socket(floorName)}},
	} {
		program := s.program(other.name)
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, other.source).CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", other.name, err, out)
		}
		p, err := s.spawn(append([]string{program}, other.arguments...)...)
		if err != nil {
			return err
		}
		s.others = append(s.others, p)
	}
	return nil
}

func (s *stack) program(name string) string { return filepath.Join(s.folder, name) }

func (s *stack) socket(name string) string { return s.program(name) + ".socket" }

// upstreamConfig is nginx's: the least that an upstream can cost.
const upstreamConfig = `daemon off;
master_process off;
pid %[1]s/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server { listen %[2]s; location / { return 200 "ok"; } }
}
`

func (s *stack) startUpstream(port int) (err error) {
	file := filepath.Join(s.folder, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, upstreamConfig, s.folder, freeport.Address(port)), 0o600); err != nil {
		return fmt.Errorf("writing the upstream's configuration: %w", err)
	}
	s.upstream, err = s.spawn("nginx", "-p", s.folder, "-e", "stderr", "-c", file)
	return err
}

func (s *stack) spawn(argv ...string) (*child.Process, error) {
	log, err := os.Create(filepath.Join(s.folder, filepath.Base(argv[0])+".log"))
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	p, err := child.Start(child.Command{Argv: argv, Output: log})
	if err != nil {
		return nil, err
	}
	s.onClose(func() error { return p.Stop(stopPatience) })
	return p, nil
}

// startKong starts the sandbox with a Kong that has one worker and writes no access log. Its routes come later: they
// need the issuer's key.
func (s *stack) startKong(ctx context.Context, upstreamPort int, environment []string) (err error) {
	plugins := strings.Join([]string{"header-guard,jwks-verify,tiered-limit", stockName, floorName}, ",")
	s.Sandbox, err = sandbox.Start(ctx, sandbox.Options{
		Gateway: sandbox.Kong, Silent: true,
		Config: []byte(`{_format_version: "3.0", services: [{name: up, url: '${{ env "DECK_UPSTREAM_URL" }}', routes: [{name: open, paths: [/open]}]}]}`),
		Values: map[string]string{"DECK_UPSTREAM_URL": "http://" + freeport.Address(upstreamPort)},
		Environment: append([]string{
			"KONG_NGINX_WORKER_PROCESSES=1",
			"KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS=100000000",
			"KONG_NGINX_HTTP_KEEPALIVE_REQUESTS=100000000",
			"KONG_PLUGINS=bundled," + plugins,
			"KONG_PLUGINSERVER_NAMES=" + plugins,
			"KONG_PLUGINSERVER_STOCK_LIMIT_SOCKET=" + s.socket(stockName),
			"KONG_PLUGINSERVER_STOCK_LIMIT_QUERY_CMD=" + s.program(stockName) + " -dump",
			"KONG_PLUGINSERVER_GUARD_FLOOR_SOCKET=" + s.socket(floorName),
			"KONG_PLUGINSERVER_GUARD_FLOOR_QUERY_CMD=" + s.program(floorName) + " -dump",
		}, environment...),
	})
	if err != nil {
		return err
	}
	s.onClose(s.Close)
	return nil
}

func (s *stack) mint() (err error) {
	s.token, err = s.Issuer.Mint(issuer.Token{Client: consumer, Scope: "read write", ExpiresIn: 24 * time.Hour})
	return err
}

func (s *stack) place() place {
	port, _ := strconv.Atoi(s.Redis.Port) // the sandbox chose it
	return place{
		redisHost: s.Redis.Host, redisPort: port, redisPassword: sandbox.RedisPassword,
		issuer: s.Issuer.URL(), keys: s.Issuer.JWKSURL(), audience: sandbox.Audience,
	}
}

func (s *stack) onClose(undo func() error) { s.closers = append(s.closers, undo) }

// close ends every process, the latest first.
func (s *stack) close() error {
	var problems []error
	for _, undo := range slices.Backward(s.closers) {
		problems = append(problems, undo())
	}
	return errors.Join(problems...)
}
