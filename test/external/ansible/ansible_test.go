package ansible

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/pluginserver/registry"
	"tollgate/test/tool"
)

// play runs playbooks.
func play(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool.Need(t, "ansible-playbook"), args...)
	cmd.Dir = "../../../kong/ansible"
	// Ansible keeps files below HOME, and insists on a locale of UTF-8.
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestAnsibleReadsThePlaybooks(t *testing.T) {
	play(t, "-i", "inventory.ini", "--syntax-check", "server.yml", "sync.yml")
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// gateway is a machine on which server.yml ran and started nothing.
type gateway struct{ folder, program, out string }

func newGateway(t *testing.T) gateway {
	t.Helper()
	g := gateway{folder: t.TempDir()}
	g.program = filepath.Join(g.folder, "pluginserver")
	args := []string{"--diff", "-i", write(t, filepath.Join(g.folder, "inventory.ini"), "[gateways]\nhere ansible_connection=local\n")}
	for _, variable := range []string{
		"ansible_become=false", "ansible_python_interpreter=" + tool.Need(t, "python3"), "tollgate_start=false",
		"tollgate_binary=" + write(t, filepath.Join(g.folder, "built"), "a binary"), "tollgate_program=" + g.program,
		"tollgate_units=" + g.folder, "tollgate_secrets=" + filepath.Join(g.folder, "secrets"), "vault_redis_password=" + redisPassword,
	} {
		args = append(args, "-e", variable)
	}
	g.out = play(t, append(args, "server.yml")...)
	return g
}

const redisPassword = "hunter2-of-redis"

func (g gateway) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.folder, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThePlaybookPreparesAGateway(t *testing.T) {
	g := newGateway(t)
	t.Run("Kong is told of every plugin", func(t *testing.T) { g.testKong(t) })
	t.Run("systemd knows all that the unit says", func(t *testing.T) { g.testUnit(t) })
	t.Run("the password is root's alone, and in no output", func(t *testing.T) { g.testPassword(t) })
}

func (g gateway) testKong(t *testing.T) {
	got := map[string]string{}
	for line := range strings.Lines(g.read(t, "kong.service.d/tollgate.conf")) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "Environment="); ok {
			name, value, _ := strings.Cut(strings.Trim(value, `"`), "=")
			got[name] = value
		}
	}
	names := registry.Names()
	want := map[string]string{
		"KONG_PLUGINS": "bundled," + strings.Join(names, ","), "KONG_PLUGINSERVER_NAMES": strings.Join(names, ","),
		"KONG_TRUSTED_IPS": "10.20.0.0/28", "KONG_REAL_IP_HEADER": "X-Forwarded-For", "KONG_REAL_IP_RECURSIVE": "on",
	}
	for _, name := range names {
		key := "KONG_PLUGINSERVER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		want[key+"_SOCKET"] = "/run/tollgate/server.socket"
		want[key+"_QUERY_CMD"] = g.program + " dump " + name
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Kong's environment (-want +got):\n%s", diff)
	}
}

// What systemd does not know it ignores, with a line in a log that nobody reads.
func (g gateway) testUnit(t *testing.T) {
	verify := tool.Need(t, "systemd-analyze")
	unit := strings.ReplaceAll(g.read(t, "tollgate.service"), g.program, "/bin/true") // one that can be run
	file := write(t, filepath.Join(t.TempDir(), "tollgate.service"), unit)
	out, err := exec.CommandContext(t.Context(), verify, "verify", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), "ignoring") {
		t.Errorf("%v\n%s", err, out)
	}
}

func (g gateway) testPassword(t *testing.T) {
	if got := g.read(t, "secrets"); got != "REDIS_PASSWORD="+redisPassword+"\n" {
		t.Errorf("the file of the password holds %q", got)
	}
	if info, err := os.Stat(filepath.Join(g.folder, "secrets")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file of the password: %v, %v", info, err)
	}
	if strings.Contains(g.out, redisPassword) {
		t.Error("Ansible tells the password")
	}
}
