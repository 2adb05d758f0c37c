package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRenderReplacesReferencesAndKeepsTheFileToItsOwner(t *testing.T) {
	folder := t.TempDir()
	source, out := filepath.Join(folder, "kong.yml"), filepath.Join(folder, "rendered.yml")
	if err := os.WriteFile(source, []byte(`{host: '${{ env "DECK_HOST" }}'}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, []byte("an older one, which everybody may read"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args []string
		mode os.FileMode
	}{{nil, 0o600}, {[]string{"--mode", "0644"}, 0o644}} {
		cmd := pluginserver("pluginserver", append([]string{"render", source, "--out", out}, row.args...)...)
		cmd.Env = append(cmd.Env, "DECK_HOST=redis")
		if text, err := cmd.CombinedOutput(); err != nil || len(text) > 0 {
			t.Fatalf("%v: %s", err, text)
		}
		info, err := os.Stat(out)
		if err != nil || info.Mode() != row.mode {
			t.Errorf("mode %v, %v; want %v", info.Mode(), err, row.mode)
		}
		if got, err := os.ReadFile(out); err != nil || string(got) != "{host: 'redis'}" {
			t.Errorf("%s, %v", got, err)
		}
	}
}

func TestRenderReadsTheStandardInputAndPrints(t *testing.T) {
	cmd := pluginserver("pluginserver", "render", "-")
	cmd.Env = append(cmd.Env, "DECK_HOST=redis")
	cmd.Stdin = strings.NewReader(`host: ${{ env "DECK_HOST" }}`)
	if got, err := cmd.Output(); err != nil || string(got) != "host: redis" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRenderTellsMistakes(t *testing.T) {
	folder := t.TempDir()
	for _, row := range []struct {
		name, source string
		args         []string
		says         string
	}{
		{"a variable that is not set", `${{ env "DECK_ABSENT" }}`, []string{"render", "-"}, "DECK_ABSENT"},
		{"a file that is not there", "", []string{"render", filepath.Join(folder, "kong.yml")}, "reading the configuration"},
		{"a folder that is not there", "", []string{"render", "-", "--out", filepath.Join(folder, "a", "b")}, "writing the configuration"},
		{"permissions that are none", "", []string{"render", "-", "--mode", "rw"}, "mode: must be octal"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := pluginserver("pluginserver", row.args...)
			cmd.Stdin = strings.NewReader(row.source)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), row.says) {
				t.Errorf("%v: %s", err, out)
			}
			if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}
