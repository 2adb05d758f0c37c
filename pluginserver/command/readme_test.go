package command

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagRows are the flags and defaults of the README's table, one a flag.
func flagRows(t *testing.T) map[string]string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(readme), "| flag of `serve` and `run` |")
	if !ok {
		t.Fatal("the README has no table of flags")
	}
	quoted := regexp.MustCompile("`([^`]*)`")
	rows := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 && len(rows) > 0 {
			break
		}
		if len(cells) < 4 || !strings.Contains(cells[1], "--") {
			continue
		}
		flags, defaults := quoted.FindAllStringSubmatch(cells[1], -1), quoted.FindAllStringSubmatch(cells[2], -1)
		for i, flag := range flags {
			text := strings.TrimSpace(cells[2])
			if len(defaults) == len(flags) {
				text = defaults[i][1]
			}
			rows[strings.TrimPrefix(flag[1], "--")] = text
		}
	}
	return rows
}

func TestTheREADMEsTableHasEachFlagWithItsDefault(t *testing.T) {
	t.Setenv("KONG_PREFIX", "")
	commands := map[string]*cobra.Command{}
	for _, cmd := range newRoot(defaultSettings(), new(int)).Commands() {
		commands[cmd.Name()] = cmd
	}
	inWords := map[string]string{
		"kong-prefix": "`KONG_PREFIX`, else `/usr/local/kong`", "socket": "<kong prefix>/tollgate/server.socket",
		"plugins": "all", "pprof": "off", "entrypoint": "none",
	}
	want := map[string]string{}
	for _, name := range []string{"serve", "run"} {
		cmd := commands[name]
		add := func(f *pflag.Flag) {
			if want[f.Name] = f.DefValue; inWords[f.Name] != "" {
				want[f.Name] = inWords[f.Name]
			}
		}
		cmd.InheritedFlags().VisitAll(add)
		cmd.LocalFlags().VisitAll(add)
	}
	delete(want, "help")
	if diff := cmp.Diff(want, flagRows(t)); diff != "" {
		t.Errorf("README (-code +README):\n%s", diff)
	}
}

// Each value is one that the command refuses, so that it is known to have been read.
func TestEachFlagOfTheTableIsReadFromTheEnvironment(t *testing.T) {
	refused := map[string]string{
		"kong-prefix": "/dev/null", "socket": "/dev/null/s", "socket-mode": "rw", "plugins": "no-such", "pprof": "perhaps",
		"log-format": "xml", "log-level": "loud", "entrypoint": "/no/such/file", "status": "no-address",
	}
	folder := t.TempDir()
	for flag := range flagRows(t) {
		cmd := pluginserver("pluginserver", "run", "--", "true")
		cmd.Env = slices.DeleteFunc(cmd.Env, func(s string) bool { return strings.HasPrefix(s, "TOLLGATE_STATUS=") })
		cmd.Env = append(cmd.Env, "KONG_PREFIX="+folder, "TOLLGATE_"+strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))+"="+refused[flag])
		out, err := cmd.CombinedOutput()
		if flag == "status" { // of no consequence for the traffic
			err = nil
			if strings.Contains(string(out), "no status listener") {
				continue
			}
		}
		if !errors.As(err, new(*exec.ExitError)) {
			t.Errorf("--%s: not read: %v: %s", flag, err, out)
		}
	}
}
