package command

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const guardConfig = `plugins: [{name: header-guard, config: {rules: [{header: X-Tenant}], trusted_peers: [10.0.0.5], on_untrusted_peer: reject}}]`

// A script reads the exit code: a mistake must not look like a verdict on the request.
func TestGuardExplainTellsMistakesFromVerdicts(t *testing.T) {
	config := filepath.Join(t.TempDir(), "kong.yml")
	if err := os.WriteFile(config, []byte(guardConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	const good, bad = "GET / HTTP/1.1\nHost: a\nX-Tenant: s3cret\n", "GET / HTTP/1.1\nHost: a\nX-Tenant:\nCookie: s3cret\n"
	for _, row := range []struct {
		name, stdin string
		args        []string
		env         string
		code        int
		want        string
	}{
		{"a request that passes", good, []string{"--config", config}, "", 0, "\npassed\n"},
		{"one that is refused", bad, []string{"--config", config}, "", 1, "\nrejected with 400\n"},
		{"one from another peer", good, []string{"--config", config, "--peer", "10.0.0.6"}, "", 1, "\nrejected with 403\n"},
		{"the same for machines", bad, []string{"--config", config, "--json"}, "", 1, `"reason": "blank"`},
		{"no configuration", good, nil, "", 2, "--config must say"},
		{"an unknown flag", good, []string{"--confg", config}, "", 2, "unknown flag"},
		{"a request as an argument", good, []string{"s3cret", "--config", config}, "", 2, "takes no argument"},
		{"no request", "s3cret", []string{"--config", config}, "", 2, "line 1 is not like"},
		{"a flag from the environment", good, []string{"--config", config}, "TOLLGATE_JSON=perhaps", 2, "TOLLGATE_JSON"},
		{"no such instance", good, []string{"--config", config, "--instance", "x"}, "", 2, "no instance"},
		{"a time that is none", good, []string{"--config", config, "--at", "s3cret"}, "", 2, "--at: must be like"},
		{"a time", good, []string{"--config", config, "--at", "1772366400"}, "", 0, "\npassed\n"},
		{"one that nginx refuses", "GET / HTTP/1.1\nX-Tenant: a\n", []string{"--config", config}, "", 1, "refused by nginx"},
		{"help", good, []string{"--help"}, "", 0, "pluginserver guard explain"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := pluginserver("pluginserver", append([]string{"guard", "explain"}, row.args...)...)
			cmd.Env = append(cmd.Env, row.env)
			cmd.Stdin = strings.NewReader(row.stdin)
			out, err := cmd.CombinedOutput()
			code := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != row.code || !strings.Contains(string(out), row.want) {
				t.Errorf("exit code %d, want %d, and %q in\n%s", code, row.code, row.want, out)
			}
			if strings.Contains(string(out), "s3cret") {
				t.Errorf("a part of the request is printed: %s", out)
			}
		})
	}
}
