package check

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// store is a buildah storage of its own.
type store struct{ folder string }

// buildah runs a command on the store and returns what it prints.
func (s store) buildah(ctx context.Context, args ...string) (string, error) {
	global := []string{
		"--root", filepath.Join(s.folder, "storage"), "--runroot", filepath.Join(s.folder, "run"), "--storage-driver", "vfs",
	}
	cmd := exec.CommandContext(ctx, "buildah", append(global, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("buildah %s: %w\n%s", args[0], err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// image makes an image of a folder, with settings as `buildah config` takes them.
func (s store) image(ctx context.Context, name, folder string, settings ...string) error {
	container, err := s.buildah(ctx, "from", "scratch")
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"add", "--quiet", container, folder, "/"},
		append(append([]string{"config"}, settings...), container),
		{"commit", "--quiet", "--rm", "--format", "docker", container, name},
	} {
		if _, err := s.buildah(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// mounted is where an image's files are, in a container of its own.
func (s store) mounted(ctx context.Context, image string) (root string, err error) {
	container, err := s.buildah(ctx, "from", "--pull-never", image)
	if err != nil {
		return "", err
	}
	return s.buildah(ctx, "mount", container)
}
