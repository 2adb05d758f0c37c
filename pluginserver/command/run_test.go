package command

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunEndsWithTheGatewaysCode(t *testing.T) {
	cmd := pluginserver("pluginserver", "run", "--kong-prefix", t.TempDir(), "--", "sh", "-c", `test "$1" = -x && exit 9`, "sh", "-x")
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 9 {
		t.Errorf("got %v, want exit code 9", err)
	}
}

func TestRunGivesTheCommandToTheFirstEntrypointThatExists(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "docker-entrypoint.sh"), filepath.Join(folder, "entrypoint.sh")
	const script = "#!/bin/sh\necho \"$0 was given $*\"\nexit 7\n"
	if err := os.WriteFile(second, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := pluginserver("pluginserver", "run", "--kong-prefix", folder, "--entrypoint", first+","+second, "--", "kong", "docker-start")
	out, err := cmd.Output()
	exit := (*exec.ExitError)(nil)
	if want := second + " was given kong docker-start\n"; !errors.As(err, &exit) || exit.ExitCode() != 7 || string(out) != want {
		t.Errorf("%q, %v; want %q and exit code 7", out, err, want)
	}
	if err := os.Rename(second, filepath.Join(folder, "elsewhere.sh")); err != nil {
		t.Fatal(err)
	}
	cmd = pluginserver("pluginserver", "run", "--kong-prefix", folder, "--", "kong", "docker-start")
	cmd.Env = append(cmd.Env, "TOLLGATE_ENTRYPOINT="+first+","+second)
	text, err := cmd.CombinedOutput()
	if want := "none of these exists: " + first + ", " + second; err == nil || !strings.Contains(string(text), want) {
		t.Errorf("%v: %s; want %q", err, text, want)
	}
}
