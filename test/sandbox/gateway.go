package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// openresty is where Kong's packages put the nginx that runs it.
const openresty = "/usr/local/openresty/nginx/sbin/nginx"

// pluginNames are all that the plugin server has, in the order in which Kong runs them.
func pluginNames() []string { return []string{"header-guard", "jwks-verify", "tiered-limit"} }

// gatewayCommand is what `pluginserver run` starts. As in Kong's own image that is nginx itself, once
// `kong prepare` has written its files: `kong start` in the foreground passes no signal on.
func (s *Sandbox) gatewayCommand() ([]string, error) {
	if s.options.Gateway == KongSim {
		return []string{s.binaries.KongSim}, nil
	}
	if out, err := s.KongCommand("prepare"); err != nil {
		return nil, fmt.Errorf("kong prepare: %w\n%s", err, out)
	}
	nginx := openresty
	if _, err := os.Stat(nginx); err != nil {
		nginx = "nginx"
	}
	return []string{nginx, "-p", s.Prefix(), "-c", "nginx.conf"}, nil
}

// KongCommand runs a command of Kong's command line on the sandbox's Kong, and returns what it prints.
func (s *Sandbox) KongCommand(args ...string) ([]byte, error) {
	cmd := exec.Command("kong", append(args, "-p", s.Prefix())...)
	cmd.Env = s.environment()
	return cmd.CombinedOutput()
}

// environment configures either gateway: kongsim reads Kong's own variables. What the caller's
// environment has for a gateway is left out.
func (s *Sandbox) environment() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "KONG_") && !strings.HasPrefix(variable, "TOLLGATE_") {
			env = append(env, variable)
		}
	}
	env = append(env,
		"KONG_DATABASE=off",
		"KONG_PREFIX="+s.Prefix(),
		"KONG_DECLARATIVE_CONFIG="+s.ConfigFile(),
		fmt.Sprintf("KONG_PROXY_LISTEN=%s, %s http2 ssl", s.ports.address(s.ports.proxy), s.ports.address(s.ports.tls)),
		"KONG_ADMIN_LISTEN="+s.ports.address(s.ports.admin),
		"KONG_ADMIN_GUI_LISTEN=off",
		"KONG_STATUS_LISTEN=off",
		"KONG_ANONYMOUS_REPORTS=off",
		"KONG_NGINX_DAEMON=off",
		"KONG_NGINX_WORKER_PROCESSES=2",
		"KONG_WORKER_STATE_UPDATE_FREQUENCY=0.1", // a reload shows at once, not after five seconds
		"KONG_PROXY_ERROR_LOG="+s.ErrorLog(),
		"KONG_PROXY_ACCESS_LOG="+s.proxyAccessLog(),
		"KONG_PLUGINS=bundled,"+strings.Join(pluginNames(), ","),
		"KONG_PLUGINSERVER_NAMES="+strings.Join(pluginNames(), ","),
	)
	if os.Getuid() == 0 {
		env = append(env, "KONG_NGINX_USER=root root") // else the workers may not use the socket
	}
	for _, name := range pluginNames() {
		variable := "KONG_PLUGINSERVER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		env = append(env, variable+"_SOCKET="+s.Socket(), variable+"_QUERY_CMD="+s.binaries.PluginServer+" dump "+name)
	}
	return append(env, s.options.Environment...)
}

// proxyAccessLog is where the gateway itself logs. A real Kong does so in nginx's format, which nobody
// reads here: its JSON comes from file-log.
func (s *Sandbox) proxyAccessLog() string {
	if s.options.Gateway == Kong {
		return "off"
	}
	return s.AccessLog()
}
