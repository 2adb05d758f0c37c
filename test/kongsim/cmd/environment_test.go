package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/test/kongsim"
)

func from(variables map[string]string) environment {
	return environment{lookup: func(name string) string { return variables[name] }}
}

func TestOptionsFromKongsVariables(t *testing.T) {
	env := from(map[string]string{
		"KONG_DECLARATIVE_CONFIG": "kong.yml", "KONG_PREFIX": "/run/kong",
		"KONG_PROXY_LISTEN":                           "0.0.0.0:8443 http2 ssl, 0.0.0.0:8000 reuseport backlog=16384",
		"KONG_PLUGINS":                                "bundled, tiered-limit",
		"KONG_PLUGINSERVER_NAMES":                     "tiered-limit,guard",
		"KONG_PLUGINSERVER_TIERED_LIMIT_QUERY_CMD":    "dump tiered-limit",
		"KONG_PLUGINSERVER_GUARD_QUERY_CMD":           "dump guard",
		"KONG_PLUGINSERVER_GUARD_SOCKET":              "/tmp/s",
		"KONG_TRUSTED_IPS":                            "10.0.0.0/8,::1",
		"KONG_REAL_IP_HEADER":                         "X-Forwarded-For",
		"KONG_REAL_IP_RECURSIVE":                      "on",
		"KONG_NGINX_WORKER_PROCESSES":                 "4",
		"KONG_PROXY_ACCESS_LOG":                       "off",
		"KONG_PROXY_ERROR_LOG":                        "/dev/stderr",
		"KONG_LOG_LEVEL":                              "info",
		"KONG_UNKNOWN_TO_KONGSIM_BUT_NOT_A_PROBLEM_1": "x",
	})
	got, err := env.options()
	if err != nil {
		t.Fatal(err)
	}
	want := kongsim.Options{
		ConfigFile: "kong.yml", Listen: "0.0.0.0:8000", Enabled: []string{"bundled", "tiered-limit"}, Workers: 4,
		Plugins: []kongsim.PluginServer{
			{Name: "tiered-limit", Socket: "/run/kong/tiered-limit.socket", Query: []string{"/bin/sh", "-c", "dump tiered-limit"}},
			{Name: "guard", Socket: "/tmp/s", Query: []string{"/bin/sh", "-c", "dump guard"}},
		},
		TrustedIPs: []string{"10.0.0.0/8", "::1"}, RealIPHeader: "X-Forwarded-For", RealIPRecursive: true,
		LogLevel: "info", AccessLog: io.Discard, ErrorLog: os.Stderr,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b io.Writer) bool { return a == b })); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestOptionsNameEveryProblem(t *testing.T) {
	env := from(map[string]string{
		"KONG_PROXY_LISTEN":                "0.0.0.0:8443 ssl",
		"KONG_PLUGINSERVER_NAMES":          "p",
		"KONG_PLUGINSERVER_P_START_CMD":    "p",
		"KONG_NGINX_WORKER_PROCESSES":      "many",
		"KONG_PREFIX":                      t.TempDir(),
		"KONG_PROXY_ACCESS_LOG":            "no/such/folder/access.log",
		"KONG_PLUGINSERVER_OTHER_SOCKET":   "x",
		"KONG_PLUGINSERVER_UNRELATED_THIS": "x",
	})
	defer env.close()
	_, err := env.options()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"KONG_DECLARATIVE_CONFIG: is required", "KONG_PROXY_LISTEN: needs a listener without ssl",
		"KONG_PLUGINSERVER_P_QUERY_CMD: is required", "KONG_PLUGINSERVER_P_START_CMD: kongsim starts no plugin server",
		`KONG_NGINX_WORKER_PROCESSES: must be auto or a positive number, got "many"`, "KONG_PROXY_ACCESS_LOG: open ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
}
