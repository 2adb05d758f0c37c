package command

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/pluginserver/build"
	"tollgate/test/eventually"
	"tollgate/test/freeport"
)

// linked builds the real binary as the Dockerfile does, with a version.
func linked(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "pluginserver")
	const flags = "-X tollgate/pluginserver/build.version=v1.2.3 -X tollgate/pluginserver/build.revision=abc -X tollgate/pluginserver/build.created=2026-11-22T08:00:00Z"
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", flags, "-o", binary, "tollgate/pluginserver").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

func TestTheBuildIsToldByTheCommandTheLogTheMetricsAndTheStatus(t *testing.T) {
	binary := linked(t)
	line, err := exec.CommandContext(t.Context(), binary, "version").Output()
	if want := "pluginserver v1.2.3 (revision abc, go"; err != nil || !strings.HasPrefix(string(line), want) {
		t.Errorf("%q, %v; want %q", line, err, want)
	}

	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	status := freeport.Address(port)
	var log strings.Builder
	cmd := exec.Command(binary, "--kong-prefix", t.TempDir(), "--status", status)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // of a kill
	}
	defer func() {
		if end(); t.Failed() {
			t.Log(log.String())
		}
	}()
	get := func(path string) (body string) {
		eventually.Holds(t, patience, "an answer of "+path, func() bool {
			response, err := http.Get("http://" + status + path)
			if err != nil {
				return false
			}
			defer response.Body.Close()
			data, err := io.ReadAll(response.Body)
			body = string(data)
			return err == nil && response.StatusCode == http.StatusOK
		})
		return body
	}
	if metrics := get("/metrics"); !strings.Contains(metrics, `revision="abc",version="v1.2.3"} 1`) {
		t.Error("/metrics has no tollgate_build_info with the version")
	}
	var state struct{ Build build.Info }
	if err := json.Unmarshal([]byte(get("/status")), &state); err != nil || state.Build.Version != "v1.2.3" || state.Build.Created != "2026-11-22T08:00:00Z" {
		t.Errorf("/status: %+v, %v", state, err)
	}
	end()
	first, _, _ := strings.Cut(log.String(), "\n")
	if !strings.Contains(first, `"version":"v1.2.3","revision":"abc"`) {
		t.Errorf("the log's first line is %s", first)
	}
}
