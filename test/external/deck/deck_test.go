package deck

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/test/deploy"
	"tollgate/test/tool"
)

const example = "../../../kong/kong.yml"

// run runs decK with the example's environment, and without telling its makers.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool.Need(t, "deck"), args...)
	cmd.Env = append(os.Environ(), "DECK_ANALYTICS=off")
	for name, value := range deploy.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestDeckReadsTheExample(t *testing.T) {
	if out, err := run(t, "file", "validate", example); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// decK knows Kong's entities without a Kong, but not the plugins' schemas: those are judged by test/deploy, and by
// `deck gateway validate` where a Kong is.
func TestDeckRefusesMistakesInTheExample(t *testing.T) {
	for _, row := range []struct{ name, old, with, says string }{
		{"a member that is none", "services:", "servces:", "servces"},
		{"a variable that is not set", "DECK_REDIS_HOST", "DECK_REDIS_HOTS", "DECK_REDIS_HOTS"},
		{"a list for a name", "username: free-app", "username: [free-app]", "username"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text, err := os.ReadFile(example)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), row.old) {
				t.Fatalf("the example has no %q", row.old)
			}
			file := filepath.Join(t.TempDir(), "kong.yml")
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), row.old, row.with)), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := run(t, "file", "validate", file)
			if err == nil || !strings.Contains(out, row.says) {
				t.Errorf("error %v, want one that names %q:\n%s", err, row.says, out)
			}
		})
	}
}
