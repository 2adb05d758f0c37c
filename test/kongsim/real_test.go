package kongsim_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tollgate/test/kongsim"
)

// file is a log of a real Kong.
type file string

func (f file) String() string {
	data, err := os.ReadFile(string(f))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// startKong runs the Kong on the PATH with what kongsim would get.
func (s *stand) startKong(o kongsim.Options) {
	s.t.Helper()
	prefix := s.t.TempDir()
	address := freeAddress(s)
	s.url = "http://" + address
	s.errors, s.access = file(filepath.Join(prefix, "logs/error.log")), file(filepath.Join(prefix, "access.json"))
	config := filepath.Join(prefix, "kong.yml")
	if err := os.WriteFile(config, withFileLog(o.Config, string(s.access.(file))), 0o600); err != nil {
		s.t.Fatal(err)
	}
	variables := append(variables(o), "KONG_PREFIX="+prefix, "KONG_PROXY_LISTEN="+address, "KONG_DECLARATIVE_CONFIG="+config)
	s.kong(variables, "start")
	s.t.Cleanup(func() { s.kong(variables, "stop") })
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("kong does not listen: %v\n%s", err, s.errors)
		}
	}
}

func (s *stand) kong(variables []string, command string) {
	cmd := exec.Command("kong", command)
	if command == "stop" {
		cmd.Args = append(cmd.Args, "-p", strings.TrimPrefix(variables[len(variables)-3], "KONG_PREFIX="))
	}
	cmd.Env = append(os.Environ(), variables...)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Errorf("kong %s: %v\n%s", command, err, out)
	}
}

// withFileLog adds the bundled plugin that writes what kongsim's access log
// has, to the list of plugins if there is one.
func withFileLog(config []byte, path string) []byte {
	entry := fmt.Sprintf("{name: file-log, config: {path: %s}}", path)
	text := string(config)
	switch {
	case strings.Contains(text, "\nplugins: ["):
		text = strings.Replace(text, "\nplugins: [", "\nplugins: ["+entry+", ", 1)
	case strings.Contains(text, "\nplugins:\n"):
		text = strings.Replace(text, "\nplugins:\n", "\nplugins:\n- "+entry+"\n", 1)
	default:
		text += "\nplugins: [" + entry + "]\n"
	}
	return []byte(text)
}

func variables(o kongsim.Options) []string {
	names := []string{"bundled"}
	var servers, out []string
	for _, server := range o.Plugins {
		key := "KONG_PLUGINSERVER_" + strings.ToUpper(strings.ReplaceAll(server.Name, "-", "_"))
		out = append(out, key+"_SOCKET="+server.Socket, key+"_QUERY_CMD="+strings.Join(server.Query, " "))
		servers, names = append(servers, server.Name), append(names, server.Name)
	}
	workers := 2
	if o.Workers > 0 {
		workers = o.Workers
	}
	return append(out,
		"KONG_DATABASE=off", "KONG_ADMIN_LISTEN=off", "KONG_ADMIN_GUI_LISTEN=off", "KONG_ANONYMOUS_REPORTS=off",
		"KONG_NGINX_USER=root root", "KONG_NGINX_WORKER_PROCESSES="+strconv.Itoa(workers),
		"KONG_PLUGINS="+strings.Join(names, ","), "KONG_PLUGINSERVER_NAMES="+strings.Join(servers, ","),
		"KONG_TRUSTED_IPS="+strings.Join(o.TrustedIPs, ","),
	)
}

func freeAddress(s *stand) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
