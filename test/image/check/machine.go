package check

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tree is a folder that becomes the root of an image.
type tree string

func (t tree) at(path string) string { return filepath.Join(string(t), path) }

// newTree makes one with the machine's links at the root: /bin to usr/bin, and so on.
func newTree(folder string) (tree, error) {
	t := tree(folder)
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		target, err := os.Readlink("/" + name)
		if err != nil {
			continue // a folder of its own, or none
		}
		if err := errors.Join(os.MkdirAll(t.at(target), 0o755), os.Symlink(target, t.at(name))); err != nil {
			return t, err
		}
	}
	return t, nil
}

// write puts a file into the tree.
func (t tree) write(path, content string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(t.at(path)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(t.at(path), []byte(content), mode)
}

// copy takes files and folders of the machine over, to the same places, and follows links to files.
func (t tree) copy(ctx context.Context, paths ...string) error {
	for _, path := range paths {
		if err := os.MkdirAll(filepath.Dir(t.at(path)), 0o755); err != nil {
			return err
		}
		flags := "-L" // a program, and what it is a link to
		if info, err := os.Stat(path); err != nil {
			return err
		} else if info.IsDir() {
			flags = "-a"
		}
		if out, err := exec.CommandContext(ctx, "cp", flags, "-T", path, t.at(path)).CombinedOutput(); err != nil {
			return fmt.Errorf("copying %s: %w\n%s", path, err, out)
		}
	}
	return nil
}

// programs takes programs of the machine over, found on the PATH, with the libraries that they need.
func (t tree) programs(ctx context.Context, names ...string) error {
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			return err
		}
		if err := t.copy(ctx, path); err != nil {
			return err
		}
		if err := t.libraries(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

// libraries takes over what each of the dynamic files below a path needs, unless the tree has it.
func (t tree) libraries(ctx context.Context, root string, more ...string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() && path != root || !isDynamic(path) {
			return err
		}
		cmd := exec.CommandContext(ctx, "ldd", path)
		cmd.Env = append(os.Environ(), more...)
		out, err := cmd.Output()
		if err != nil {
			return nil //nolint:nilerr // what ldd cannot read is not loaded either
		}
		for word := range bytes.FieldsSeq(out) {
			library := string(word)
			if !strings.HasPrefix(library, "/") {
				continue
			}
			if _, err := os.Stat(t.at(library)); errors.Is(err, fs.ErrNotExist) {
				if err := t.copy(ctx, library); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// isDynamic tells a program or library of this machine's kind from other files.
func isDynamic(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return f.Type == elf.ET_DYN || f.Type == elf.ET_EXEC
}
