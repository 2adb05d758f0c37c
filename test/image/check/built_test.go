package check

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tollgate/pluginserver/registry"
)

// built is an image whose files are at root.
type built struct {
	base   base
	root   string
	config config
}

func (b *built) saysWhatItIs(t *testing.T) {
	c := b.config
	var env []string
	for _, assignment := range c.Env {
		if name, _, _ := strings.Cut(assignment, "="); strings.HasPrefix(name, "KONG_") || strings.HasPrefix(name, "TOLLGATE_") {
			env = append(env, name)
		}
	}
	want := []string{"KONG_PLUGINS", "KONG_PLUGINSERVER_NAMES", "TOLLGATE_ENTRYPOINT", "TOLLGATE_GATEWAY", "TOLLGATE_SOCKET"}
	for _, plugin := range registry.Names() {
		key := "KONG_PLUGINSERVER_" + strings.ToUpper(strings.ReplaceAll(plugin, "-", "_"))
		want = append(want, key+"_QUERY_CMD", key+"_SOCKET")
	}
	slices.Sort(env)
	slices.Sort(want)
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if c.User != "kong" || c.StopSignal != "SIGQUIT" {
		t.Errorf("user %q, stop signal %q", c.User, c.StopSignal)
	}
	if diff := cmp.Diff([]string{"CMD", "/usr/local/bin/pluginserver", "health"}, c.Healthcheck.Test); diff != "" {
		t.Errorf("health check (-want +got):\n%s", diff)
	}
	for label, value := range map[string]string{"title": "tollgate", "version": version, "revision": revision, "created": created, "licenses": "Apache-2.0"} {
		if got := c.Labels["org.opencontainers.image."+label]; got != value {
			t.Errorf("label %s is %q, want %q", label, got, value)
		}
	}
	out, err := exec.Command(filepath.Join(b.root, "usr/local/bin/pluginserver"), "version").Output()
	if line := "pluginserver " + version + " (revision " + revision; err != nil || !strings.HasPrefix(string(out), line) {
		t.Errorf("version: %q, %v", out, err)
	}
}

func (b *built) holdsTheBinary(t *testing.T) {
	for _, row := range []struct {
		path       string
		mode       os.FileMode
		user, root uint32
	}{
		{"usr/local/bin/pluginserver", 0o755, 0, 0},
		{"usr/local/kong/tollgate", os.ModeDir | 0o775, uid, 0},
	} {
		info, err := os.Stat(filepath.Join(b.root, row.path))
		if err != nil {
			t.Fatal(err)
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok || info.Mode() != row.mode || owner.Uid != row.user || owner.Gid != row.root {
			t.Errorf("/%s: %v, owner %d:%d; want %v, %d:%d", row.path, info.Mode(), owner.Uid, owner.Gid, row.mode, row.user, row.root)
		}
	}
	inside, err := os.ReadDir(filepath.Join(b.root, "usr/local/kong/tollgate"))
	if err != nil || len(inside) > 0 {
		t.Errorf("the socket's folder holds %v, %v", inside, err)
	}
	for _, plugin := range registry.Names() {
		if _, err := os.Lstat(filepath.Join(b.root, "usr/local/bin", plugin)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("/usr/local/bin/%s exists: Kong would start it", plugin)
		}
	}
}
