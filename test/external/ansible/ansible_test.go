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

// playbooks are a copy of the example, in which a test may write.
type playbooks struct{ folder string }

func newPlaybooks(t *testing.T) playbooks {
	t.Helper()
	p := playbooks{filepath.Join(t.TempDir(), "ansible")}
	if err := os.CopyFS(p.folder, os.DirFS("../../../kong/ansible")); err != nil {
		t.Fatal(err)
	}
	return p
}

// run plays them, and tells what Ansible said.
func (p playbooks) run(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool.Need(t, "ansible-playbook"), args...)
	cmd.Dir = p.folder
	// Ansible keeps files below HOME, and insists on a locale of UTF-8.
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1")
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func TestAnsibleReadsThePlaybooks(t *testing.T) {
	t.Parallel()
	if out, err := newPlaybooks(t).run(t, "-i", "inventory.ini", "--syntax-check", "server.yml", "sync.yml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A password with all that systemd and a shell take for their own.
const redisPassword = `"hunter2'of \$redis` + "`"

// gateway is a machine that server.yml prepares, and where it starts nothing.
type gateway struct {
	playbooks

	folder, program string
	args            []string
}

func newGateway(t *testing.T) gateway {
	t.Helper()
	g := gateway{playbooks: newPlaybooks(t), folder: t.TempDir()}
	g.program = filepath.Join(g.folder, "pluginserver")
	write(t, filepath.Join(g.playbooks.folder, "group_vars", "all", "vault.yml"), "vault_redis_password: '"+strings.ReplaceAll(redisPassword, "'", "''")+"'\n")
	g.args = []string{"--diff", "-i", write(t, filepath.Join(g.folder, "inventory.ini"), "[gateways]\nhere ansible_connection=local\n")}
	for _, variable := range []string{
		"ansible_become=false", "ansible_python_interpreter=" + tool.Need(t, "python3"), "tollgate_start=false",
		"tollgate_binary=" + write(t, filepath.Join(g.folder, "built"), "a binary"), "tollgate_program=" + g.program,
		"tollgate_units=" + g.folder, "tollgate_secrets=" + filepath.Join(g.folder, "secrets"),
	} {
		g.args = append(g.args, "-e", variable)
	}
	return g
}

// prepare runs server.yml.
func (g gateway) prepare(t *testing.T) (out string) {
	t.Helper()
	out, err := g.run(t, append(g.args, "server.yml")...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func (g gateway) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.folder, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThePlaybookPreparesAGateway(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	out := g.prepare(t)
	t.Run("Kong is told of every plugin", func(t *testing.T) { g.testKong(t) })
	t.Run("systemd knows all that the unit says", func(t *testing.T) { g.testUnit(t) })
	t.Run("the password is root's alone, and in no output", func(t *testing.T) { g.testPassword(t, out) })
	t.Run("a new binary changes nothing else, and reloads Kong too, which reads the schemas then", func(t *testing.T) { g.testNewBinary(t) })
}

// testNewBinary looks for the handlers that were called: each is left out, as nothing is started here.
func (g gateway) testNewBinary(t *testing.T) {
	write(t, filepath.Join(g.folder, "built"), "a newer binary")
	out := g.prepare(t)
	if !strings.Contains(out, "changed=1 ") {
		t.Errorf("more has changed than the binary:\n%s", out)
	}
	for _, handler := range []string{"Restart the plugin server", "Reload Kong"} {
		if !strings.Contains(out, "RUNNING HANDLER ["+handler+"]") {
			t.Errorf("no %q:\n%s", handler, out)
		}
	}
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

func (g gateway) testPassword(t *testing.T, out string) {
	file := filepath.Join(g.folder, "secrets")
	// systemd reads what is in double quotes as a shell does (systemd.exec(5), EnvironmentFile=).
	got, err := exec.CommandContext(t.Context(), "sh", "-c", `. "$1"; printf %s "$REDIS_PASSWORD"`, "sh", file).CombinedOutput()
	if err != nil || string(got) != redisPassword {
		t.Errorf("the password became %q: %v", got, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file of the password: %v, %v", info, err)
	}
	if strings.Contains(out, "hunter2") {
		t.Error("Ansible tells the password")
	}
}
