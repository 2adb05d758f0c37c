package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"tollgate/test/kongsim"
)

// environment reads Kong's variables, and owns the log files they name.
type environment struct {
	lookup   func(string) string
	problems []error
	files    []io.Closer
}

func (e *environment) options() (kongsim.Options, error) {
	o := kongsim.Options{
		ConfigFile:      e.get("DECLARATIVE_CONFIG"),
		Listen:          e.listen(),
		Plugins:         e.servers(),
		Enabled:         words(e.get("PLUGINS")),
		Workers:         e.workers(),
		TrustedIPs:      words(e.get("TRUSTED_IPS")),
		RealIPHeader:    e.get("REAL_IP_HEADER"),
		RealIPRecursive: e.get("REAL_IP_RECURSIVE") == "on",
		LogLevel:        e.get("LOG_LEVEL"),
		AccessLog:       e.log("PROXY_ACCESS_LOG", "/dev/stdout"),
		ErrorLog:        e.log("PROXY_ERROR_LOG", "/dev/stderr"),
	}
	if o.ConfigFile == "" {
		e.complain("DECLARATIVE_CONFIG", "is required")
	}
	return o, errors.Join(e.problems...)
}

func (e *environment) get(name string) string { return e.lookup("KONG_" + name) }

func (e *environment) complain(name, format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf("KONG_%s: %s", name, fmt.Sprintf(format, args...)))
}

// words splits a list of kong.conf; nothing is nil, for the default.
func words(list string) []string {
	var out []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

func (e *environment) listen() string {
	value := cmp.Or(e.get("PROXY_LISTEN"), "127.0.0.1:8000")
	for _, listener := range words(value) {
		fields := strings.Fields(listener)
		if !strings.Contains(listener, " ssl") {
			return fields[0]
		}
	}
	e.complain("PROXY_LISTEN", "needs a listener without ssl, got %q", value)
	return ""
}

func (e *environment) servers() []kongsim.PluginServer {
	var servers []kongsim.PluginServer
	for _, name := range words(strings.ToLower(e.get("PLUGINSERVER_NAMES"))) {
		prefix := "PLUGINSERVER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		query := e.get(prefix + "_QUERY_CMD")
		if query == "" {
			e.complain(prefix+"_QUERY_CMD", "is required")
		}
		if e.get(prefix+"_START_CMD") != "" {
			e.complain(prefix+"_START_CMD", "kongsim starts no plugin server")
		}
		socket := cmp.Or(e.get(prefix+"_SOCKET"), filepath.Join(e.prefix(), name+".socket"))
		servers = append(servers, kongsim.PluginServer{Name: name, Socket: socket, Query: queryArgv(query)})
	}
	return servers
}

// queryArgv runs a query command as Kong does: by the shell, and split at its spaces where there is none, in
// Kong's distroless images.
func queryArgv(command string) []string {
	const shell = "/bin/sh"
	if _, err := os.Stat(shell); err != nil {
		return strings.Fields(command)
	}
	return []string{shell, "-c", command}
}

func (e *environment) prefix() string { return cmp.Or(e.get("PREFIX"), ".") }

// workers is 0, for the default, where Kong would count processors.
func (e *environment) workers() int {
	value := e.get("NGINX_WORKER_PROCESSES")
	if value == "" || value == "auto" {
		return 0
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		e.complain("NGINX_WORKER_PROCESSES", "must be auto or a positive number, got %q", value)
	}
	return n
}

func (e *environment) log(name, fallback string) io.Writer {
	path := cmp.Or(e.get(name), fallback)
	switch path {
	case "off":
		return io.Discard
	case "/dev/stdout":
		return os.Stdout
	case "/dev/stderr":
		return os.Stderr
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.prefix(), path)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		e.complain(name, "%v", err)
		return io.Discard
	}
	e.files = append(e.files, file)
	return file
}

func (e *environment) close() error {
	var problems []error
	for _, file := range e.files {
		problems = append(problems, file.Close())
	}
	return errors.Join(problems...)
}
