package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// toolchain makes the base of the build: a shell and the authorities to fetch modules by. The Go of this
// machine and its caches come into the build as volumes, which are returned.
func (s store) toolchain(ctx context.Context, image string) (volumes []string, err error) {
	root, err := newTree(filepath.Join(s.folder, "toolchain"))
	if err != nil {
		return nil, err
	}
	if err := root.programs(ctx, "sh", "mkdir"); err != nil {
		return nil, err
	}
	if err := root.write("tmp/.keep", "", 0o644); err != nil {
		return nil, err
	}
	if err := root.copy(ctx, "/etc/ssl/certs"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	settings := []string{"--env", "PATH=/host/GOROOT/bin:/usr/bin:/bin", "--env", "GOTOOLCHAIN=local"}
	for _, name := range []string{"GOROOT", "GOMODCACHE", "GOCACHE"} {
		out, err := exec.CommandContext(ctx, "go", "env", name).Output()
		if err != nil {
			return nil, fmt.Errorf("go env %s: %w", name, err)
		}
		settings = append(settings, "--env", name+"=/host/"+name)
		volumes = append(volumes, "--volume", strings.TrimSpace(string(out))+":/host/"+name)
	}
	for _, name := range []string{"GOPROXY", "GOSUMDB", "GOFLAGS"} {
		if value := os.Getenv(name); value != "" {
			settings = append(settings, "--env", name+"="+value)
		}
	}
	return volumes, s.image(ctx, image, string(root), settings...)
}

// What Kong's images have: a user, and a prefix that is the user's.
const (
	uid    = 1000
	prefix = "usr/local/kong"
)

// accounts writes the user.
func (t tree) accounts() error {
	return errors.Join(
		t.write("etc/passwd", fmt.Sprintf("root:x:0:0::/root:/bin/sh\nkong:x:%d:%d::/home/kong:/bin/sh\n", uid, uid), 0o644),
		t.write("etc/group", fmt.Sprintf("root:x:0:\nkong:x:%d:\n", uid), 0o644),
		t.write("etc/hosts", "127.0.0.1 localhost\n", 0o644),
		t.write("etc/resolv.conf", "nameserver 127.0.0.1\n", 0o644),
		t.write(prefix+"/.keep", "", 0o644),
		os.Chown(t.at(prefix), uid, 0),
		t.write("tmp/.keep", "", 0o644),
		os.Chmod(t.at("tmp"), 0o777|fs.ModeSticky),
		t.write("var/run/kong/.keep", "", 0o644),
		t.write("config/.keep", "", 0o644),
		t.write("proc/.keep", "", 0o644),
		t.write("dev/.keep", "", 0o644),
	)
}

// base is the configuration of an image of Kong.
func (s store) base(ctx context.Context, image string, root tree, entrypoint string) error {
	return s.image(ctx, image, string(root), "--user", "kong", "--stop-signal", "SIGQUIT", "--entrypoint", `["`+entrypoint+`"]`,
		"--cmd", "kong docker-start", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

// standIn makes a base with kongsim as kong; where it has a shell, behind an entrypoint.
func (s store) standIn(ctx context.Context, image string, hasShell bool) error {
	root, err := newTree(filepath.Join(s.folder, filepath.Base(image)))
	if err != nil {
		return err
	}
	if err := root.accounts(); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", root.at("usr/local/bin/kong"), "tollgate/test/kongsim/cmd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building kongsim: %w\n%s", err, out)
	}
	if hasShell {
		if err := root.programs(ctx, "sh"); err != nil {
			return err
		}
		if err := root.write("docker-entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n", 0o755); err != nil {
			return err
		}
	}
	return s.base(ctx, image, root, "/docker-entrypoint.sh")
}

// ourEntrypoint does of Kong's own what a container needs: the files of nginx, logs to the container's streams.
const ourEntrypoint = `#!/bin/sh
set -e
export KONG_NGINX_DAEMON=off
prefix=${KONG_PREFIX:-/usr/local/kong}
kong prepare -p "$prefix"
ln -sfn /dev/stdout "$prefix/logs/access.log"
ln -sfn /dev/stdout "$prefix/logs/admin_access.log"
ln -sfn /dev/stderr "$prefix/logs/error.log"
exec /usr/local/openresty/nginx/sbin/nginx -p "$prefix" -c nginx.conf
`

// kong makes a base with the Kong that lies in a folder of this machine, to the same place, and with the file
// as its entrypoint; "" takes ours.
func (s store) kong(ctx context.Context, image, folder, entrypoint string) error {
	root, err := newTree(filepath.Join(s.folder, filepath.Base(image)))
	if err != nil {
		return err
	}
	name, script := "docker-entrypoint.sh", []byte(ourEntrypoint)
	if entrypoint != "" {
		if script, err = os.ReadFile(entrypoint); err != nil {
			return err
		}
		name = filepath.Base(entrypoint)
	}
	for _, step := range []func() error{
		root.accounts,
		func() error { return root.write(name, string(script), 0o755) },
		func() error { return root.copy(ctx, folder, "/etc/ssl/certs") },
		func() error {
			return root.libraries(ctx, folder, "LD_LIBRARY_PATH="+filepath.Join(folder, "lib")+":"+filepath.Join(folder, "openresty/luajit/lib"))
		},
		func() error {
			return root.programs(ctx, "sh", "bash", "env", "perl", "grep", "sed", "tr", "ln", "rm", "mkdir", "chmod", "cat", "uname")
		},
		func() error { return root.perl(ctx) },
		func() error { return root.link(folder) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.base(ctx, image, root, "/"+name)
}

// perl takes the interpreter's own modules over: OpenResty's resty is a script of Perl.
func (t tree) perl(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "perl", "-e", `print join "\n", grep { -d } @INC`).Output()
	if err != nil {
		return fmt.Errorf("asking perl for its modules: %w", err)
	}
	return t.copy(ctx, strings.Fields(string(out))...)
}

// link puts links to a Kong's parts to where its images have them.
func (t tree) link(folder string) error {
	links := map[string]string{
		"usr/local/bin/kong":           folder + "/bin/kong",
		"usr/local/openresty":          folder + "/openresty",
		"usr/local/share/lua/5.1/kong": folder + "/share/lua/5.1/kong",
		"usr/local/kong/include":       folder + "/include",
	}
	for path, target := range links {
		if err := os.MkdirAll(filepath.Dir(t.at(path)), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, t.at(path)); err != nil {
			return err
		}
	}
	return nil
}
