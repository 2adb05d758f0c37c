package check

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// inside is what enter needs to know; it comes in the environment.
type inside struct {
	Root  string
	Argv  []string
	Env   []string
	Tmpfs []string // folders in memory
	Binds map[string]string
}

// A container is two processes of this program: one outside, which is its parent, and one that becomes its
// first process.
const (
	roleEnv   = "TOLLGATE_IMAGE_ROLE"
	insideEnv = "TOLLGATE_IMAGE_INSIDE"
)

// play plays the role that the environment gives to this process, and returns its exit code.
func play(role string) int {
	if role == "outside" {
		return outside()
	}
	var in inside
	err := json.Unmarshal([]byte(os.Getenv(insideEnv)), &in)
	if err == nil {
		err = enter(in)
	}
	fmt.Fprintln(os.Stderr, err)
	return 125
}

// outside starts the first process of new namespaces, and ends as it does. The container dies with it.
func outside() int {
	runtime.LockOSThread() // the container's parent, for Linux
	inner := exec.Command(os.Args[0])
	inner.Env = append(os.Environ(), roleEnv+"=inside")
	inner.Stdout, inner.Stderr = os.Stdout, os.Stderr
	inner.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	err := inner.Run()
	if inner.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	if status, ok := inner.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return inner.ProcessState.ExitCode()
}

// enter becomes the container's first process: in namespaces that are its own already, it makes the root
// read-only, leaves the machine's files and rights behind, and starts the image's command.
func enter(in inside) error {
	runtime.LockOSThread() // some of what follows is a thread's
	if err := in.mount(); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return unix.Chroot(in.Root) },
		func() error { return os.Chdir("/") },
		func() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) },
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setgid(uid) },
		func() error { return syscall.Setuid(uid) },
		// After the change of user, which takes it back.
		func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("entering the container: %w", err)
		}
	}
	return syscall.Exec(in.Argv[0], in.Argv, in.Env)
}

func (in inside) mount() error {
	at := func(path string) string { return filepath.Join(in.Root, path) }
	type mount struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}
	mounts := []mount{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{in.Root, in.Root, "", unix.MS_BIND, ""},
		{"proc", at("proc"), "proc", 0, ""},
		{"/dev", at("dev"), "", unix.MS_BIND | unix.MS_REC, ""},
	}
	for _, folder := range in.Tmpfs {
		mounts = append(mounts, mount{"tmpfs", at(folder), "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"})
	}
	for from, to := range in.Binds {
		mounts = append(mounts, mount{from, at(to), "", unix.MS_BIND, ""})
	}
	mounts = append(mounts, mount{"", in.Root, "", unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY, ""})
	for _, m := range mounts {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	return nil
}
