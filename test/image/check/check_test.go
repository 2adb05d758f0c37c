package check

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/test/tool"
)

// patience is how long a container may take for anything: a real Kong starts in seconds, on a busy machine.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

// needed skips the test where it is not asked for, and where this machine cannot run it, unless it is required.
func needed(tb testing.TB, user int) {
	tb.Helper()
	if os.Getenv("TOLLGATE_IMAGE_CHECK") != "1" {
		tb.Skip("builds and runs the image only by `make image-check`")
	}
	for _, program := range []string{"buildah", "nsenter", "ldd"} {
		tool.Need(tb, program)
	}
	why := hindrance(user)
	if why != "" && os.Getenv(tool.RequireEnv) == "1" {
		tb.Fatal(why + ", and " + tool.RequireEnv + "=1 requires it")
	}
	if why != "" {
		tb.Skip("left out, all of it: " + why)
	}
}

// hindrance tells what this machine, or the user, does not let containers be made by; empty where nothing is.
func hindrance(user int) string {
	if user != 0 {
		return "only root may make containers here"
	}
	probe := exec.Command("true")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if err := probe.Run(); err != nil {
		return "this machine makes no namespaces: " + err.Error()
	}
	return ""
}

// What the build is told, and the image must tell.
const version, revision, created = "v1.2.3", "0123abc", "2026-11-22T08:00:00Z"

// build builds the Dockerfile on a base.
func (s store) build(ctx context.Context, image, base, entrypoints string, volumes []string) error {
	args := append([]string{"build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--quiet", "--layers",
		"--build-arg", "GO_IMAGE=localhost/toolchain", "--build-arg", "KONG_IMAGE=" + base, "--build-arg", "KONG_ENTRYPOINT=" + entrypoints,
		"--build-arg", "VERSION=" + version, "--build-arg", "REVISION=" + revision, "--build-arg", "CREATED=" + created, "--tag", image}, volumes...)
	_, err := s.buildah(ctx, append(args, "../../..")...)
	return err
}

func TestTheImage(t *testing.T) {
	needed(t, os.Getuid())
	s := store{folder: t.TempDir()}
	// What buildah leaves behind is not all removable as files.
	t.Cleanup(func() { _, _ = s.buildah(context.Background(), "rm", "--all") })
	volumes, err := s.toolchain(t.Context(), "localhost/toolchain")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bases(t, s) {
		t.Run(b.name, func(t *testing.T) {
			if err := b.make(t.Context()); err != nil {
				t.Fatal(err)
			}
			image := b.image + "-tollgate"
			if err := s.build(t.Context(), image, b.image, b.entrypoints, volumes); err != nil {
				t.Fatal(err)
			}
			root, err := s.mounted(t.Context(), image)
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.inspect(t.Context(), image)
			if err != nil {
				t.Fatal(err)
			}
			built := &built{base: b, root: root, config: c}
			t.Run("says what it is", built.saysWhatItIs)
			t.Run("holds the binary and no other", built.holdsTheBinary)
			t.Run("serves, heals and drains", built.servesHealsAndDrains)
			t.Run("ends with the gateway's code", built.endsWithTheGatewaysCode)
			t.Run("runs another command", built.runsAnotherCommand)
		})
	}
}

// base is what the image is built on.
type base struct {
	name, image string
	entrypoints string // where its own may be
	real        bool
	make        func(context.Context) error
}

const usual = "/docker-entrypoint.sh,/entrypoint.sh"

func bases(t *testing.T, s store) []base {
	standIn := func(image string, hasShell bool) func(context.Context) error {
		return func(ctx context.Context) error { return s.standIn(ctx, image, hasShell) }
	}
	all := []base{
		{"kongsim in place of Kong", "localhost/kongsim", usual, false, standIn("localhost/kongsim", true)},
		{"kongsim in place of Kong, without a shell", "localhost/distroless", "", false, standIn("localhost/distroless", false)},
	}
	folder := os.Getenv("KONG_DIR")
	if folder == "" {
		t.Log("left out: a real Kong; KONG_DIR names no folder with one")
		return all
	}
	entrypoints := strings.FieldsFunc(os.Getenv("KONG_ENTRYPOINTS"), func(r rune) bool { return r == ',' })
	if len(entrypoints) == 0 {
		t.Log("left out: Kong's own entrypoints; KONG_ENTRYPOINTS names no copies")
		entrypoints = []string{""}
	}
	for i, entrypoint := range entrypoints {
		name, image := "a real Kong behind an entrypoint of ours", "localhost/kong-"+strconv.Itoa(i)
		if entrypoint != "" {
			name = "a real Kong behind its own " + filepath.Base(entrypoint)
		}
		all = append(all, base{name, image, usual, true, func(ctx context.Context) error { return s.kong(ctx, image, folder, entrypoint) }})
	}
	return all
}
