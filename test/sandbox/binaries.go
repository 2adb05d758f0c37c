package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Binaries are the programs of a sandbox, built from the repository.
type Binaries struct {
	// PluginServer and KongSim are their paths.
	PluginServer, KongSim string
	// ModuleRoot is where the repository lies.
	ModuleRoot string
}

// Build builds what a sandbox with that gateway runs, into the folder.
func Build(ctx context.Context, folder string, gateway Gateway) (*Binaries, error) {
	root, err := goTool(ctx, "", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	b := &Binaries{
		PluginServer: filepath.Join(folder, "pluginserver"), KongSim: filepath.Join(folder, "kongsim"), ModuleRoot: root,
	}
	packages := map[string]string{b.PluginServer: "./pluginserver"}
	if gateway == KongSim {
		packages[b.KongSim] = "./test/kongsim/cmd"
	}
	for path, pkg := range packages {
		if _, err := goTool(ctx, root, "build", "-o", path, pkg); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// goTool runs the go command and returns what it prints.
func goTool(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.Join(fmt.Errorf("go %s: %w", strings.Join(args, " "), err), errors.New(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
