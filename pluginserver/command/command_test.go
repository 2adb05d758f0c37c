package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tollgate/pluginserver/process"
	"tollgate/pluginserver/registry"
	"tollgate/test/eventually"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// patience is how long a test waits for what another process does.
const patience = 10 * time.Second

const roleEnv = "TOLLGATE_TEST_ARGV0"

// TestMain lets the test binary be pluginserver, under any name.
func TestMain(m *testing.M) {
	if name := os.Getenv(roleEnv); name != "" {
		os.Exit(Execute(append([]string{name}, os.Args[1:]...)))
	}
	os.Exit(m.Run())
}

// pluginserver is a command line under the given name.
func pluginserver(argv0 string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleEnv+"="+argv0, "TOLLGATE_STATUS=",
		"GORACE=atexit_sleep_ms=0") // the race detector waits a second at each exit by default
	return cmd
}

func TestDumpsAreAsTheGoldenFilesSay(t *testing.T) {
	for _, name := range registry.Names() {
		var out bytes.Buffer
		if err := dump(&out, name); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "dump-"+name+".json")
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s: `go test ./pluginserver/command -update` rewrites it (-want +got):\n%s", golden, diff)
		}
	}
}

func TestADumpIsTheSameUnderThePluginsName(t *testing.T) {
	for _, name := range registry.Names() {
		byCommand, err := pluginserver("pluginserver", "dump", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		byName, err := pluginserver("/usr/local/bin/"+name, "-dump").Output()
		if err != nil || !bytes.Equal(byCommand, byName) {
			t.Errorf("%s: -dump under its own name differs: %v", name, err)
		}
		var info struct {
			Protocol string
			Plugins  []struct{ Name string }
		}
		if err := json.Unmarshal(byName, &info); err != nil || info.Protocol != "ProtoBuf:1" || len(info.Plugins) != 1 || info.Plugins[0].Name != name {
			t.Errorf("%s: Kong would read %+v, %v", name, info, err)
		}
	}
}

// serving is a running server and its socket.
func serving(t *testing.T, socket string, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	eventually.Holds(t, patience, "an answer on "+socket, func() bool { _, err := process.Probe(socket, time.Second); return err == nil })
}

func TestServeListensBelowKongsPrefixAndStopsOnEachSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT} {
		prefix := t.TempDir()
		socket := filepath.Join(prefix, "tollgate", "server.socket")
		cmd := pluginserver("pluginserver", "-kong-prefix", prefix)
		serving(t, socket, cmd)
		out, err := pluginserver("pluginserver", "health", "--kong-prefix="+prefix).CombinedOutput()
		if want := "ok: header-guard, jwks-verify, tiered-limit on " + socket + "\n"; err != nil || string(out) != want {
			t.Errorf("health: %q, %v", out, err)
		}
		_ = cmd.Process.Signal(sig)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
		if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v: the socket is still there: %v", sig, err)
		}
		if err := pluginserver("pluginserver", "health", "--kong-prefix="+prefix).Run(); err == nil {
			t.Error("health is fine without a server")
		}
	}
}

func TestATakenStatusAddressDoesNotStopThePlugins(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	prefix := t.TempDir()
	serving(t, filepath.Join(prefix, "tollgate", "server.socket"),
		pluginserver("pluginserver", "--kong-prefix", prefix, "--status", taken.Addr().String()))
}

func TestUnderAPluginsNameItServesThatPluginWhereKongExpectsIt(t *testing.T) {
	prefix := t.TempDir()
	socket := filepath.Join(prefix, "tiered-limit.socket")
	serving(t, socket, pluginserver("tiered-limit", "-kong-prefix", prefix))
	if names, err := process.Probe(socket, time.Second); err != nil || len(names) != 1 || names[0] != "tiered-limit" {
		t.Errorf("serves %q, %v", names, err)
	}
}

func TestAReloadsNewServerTakesOverWhenTheOldOneLeaves(t *testing.T) {
	prefix := t.TempDir()
	socket := filepath.Join(prefix, "tiered-limit.socket")
	older, newer := pluginserver("tiered-limit", "-kong-prefix", prefix), pluginserver("tiered-limit", "-kong-prefix", prefix)
	serving(t, socket, older)
	serving(t, socket, newer) // the older one answers
	_ = older.Process.Signal(syscall.SIGTERM)
	if err := older.Wait(); err != nil {
		t.Fatal(err)
	}
	eventually.Holds(t, patience, "the newer server to answer", func() bool { _, err := process.Probe(socket, time.Second); return err == nil })
}

func TestASecondServerOnTheSameSocketIsRefused(t *testing.T) {
	prefix := t.TempDir()
	serving(t, filepath.Join(prefix, "tollgate", "server.socket"), pluginserver("pluginserver", "--kong-prefix", prefix))
	out, err := pluginserver("pluginserver", "--kong-prefix", prefix).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another server answers there") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestMistakesOnTheCommandLineAreNamed(t *testing.T) {
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"dump", "tired-limit"}, `unknown plugin "tired-limit"; known are header-guard, jwks-verify, tiered-limit`},
		{[]string{"serve", "--plugins", "a,b"}, `unknown plugin "b"`},
		{[]string{"serve", "--socket-mode", "rw"}, `socket-mode: must be octal permissions such as 0660, got "rw"`},
		{[]string{"serve", "--log-format", "xml"}, `log-format: must be json or text, got "xml"`},
		{[]string{"run", "--log-level", "loud", "--", "true"}, `log-level: must be debug, info, warn or error, got "loud"`},
		{[]string{"run", "--plugins", "x", "--", "true"}, `unknown plugin "x"`},
		{[]string{"run"}, "requires at least 1 arg"},
		{[]string{"server"}, `unknown command "server"`},
	} {
		out, err := pluginserver("pluginserver", append(row.args, "--kong-prefix="+t.TempDir())...).CombinedOutput()
		if len(row.args) > 0 && row.args[0] == "run" {
			out, err = pluginserver("pluginserver", row.args...).CombinedOutput()
		}
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), row.want) {
			t.Errorf("%q: %v: %s", row.args, err, out)
		}
	}
}

func TestEachFlagCanComeFromTheEnvironment(t *testing.T) {
	cmd := pluginserver("pluginserver", "serve", "--kong-prefix", t.TempDir())
	cmd.Env = append(cmd.Env, "TOLLGATE_SOCKET_MODE=abc")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "socket-mode") {
		t.Errorf("%v: %s", err, out)
	}
	cmd = pluginserver("pluginserver", "health", "--timeout", "10ms", "--kong-prefix", t.TempDir())
	cmd.Env = append(cmd.Env, "TOLLGATE_TIMEOUT=soon")
	if out, err := cmd.CombinedOutput(); err == nil || strings.Contains(string(out), "TOLLGATE_TIMEOUT") {
		t.Errorf("a flag does not outrank the environment: %s", out)
	}
}
