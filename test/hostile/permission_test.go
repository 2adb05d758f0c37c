package hostile

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tollgate/pluginserver/server"
)

// dialEnv makes the test binary a process that dials a socket, and says how that went.
const dialEnv = "TOLLGATE_TEST_DIAL"

func dialAs(path string) int {
	nc, err := net.Dial("unix", path)
	switch {
	case errors.Is(err, syscall.EACCES):
		return refusedCode
	case err != nil:
		return otherCode
	}
	_ = nc.Close()
	return 0
}

const refusedCode, otherCode = 13, 1

// Ids that belong to nobody else on the machine, it is hoped.
const (
	strangerID = 54321
	groupID    = 54322
)

// The socket's mode alone decides who may connect: its owner, and its group.
func TestTheSocketIsItsOwnersAndItsGroups(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("left out, as only root can become another user: " + t.Name())
	}
	folder := openFolder(t)
	binary := copyOfThis(t, folder)
	for _, row := range []struct {
		name     string
		mode     os.FileMode
		uid, gid uint32
		setgid   bool
		want     int
	}{
		{"a stranger", 0o660, strangerID, strangerID, false, refusedCode},
		{"a member of the group, which is that of a folder with the setgid bit", 0o660, strangerID, groupID, true, 0},
		{"a stranger beside that group", 0o660, strangerID, strangerID, true, refusedCode},
		{"a member of the group, where the mode leaves it out", 0o600, strangerID, groupID, true, refusedCode},
		{"anyone, where the mode says so", 0o666, strangerID, strangerID, false, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			own := filepath.Join(openFolder(t), "tollgate")
			if row.setgid {
				sharedFolder(t, own)
			}
			path := filepath.Join(own, "s")
			listener, err := server.Listen(path, row.mode)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			if got := runAs(t, binary, path, row.uid, row.gid); got != row.want {
				t.Errorf("the process ended with %d, want %d", got, row.want)
			}
		})
	}
}

// openFolder is a folder that every user gets through.
func openFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tollgate-hostile-")
	if err == nil {
		err = os.Chmod(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// sharedFolder belongs to the group, and so does what is made in it.
func sharedFolder(t *testing.T, path string) {
	t.Helper()
	// Others may enter: a stranger is to be stopped by the socket, not by its folder.
	if err := errors.Join(os.Mkdir(path, 0o755), os.Chown(path, 0, groupID), os.Chmod(path, os.ModeSetgid|0o755)); err != nil {
		t.Fatal(err)
	}
}

// copyOfThis lies where another user can run it: the go command's own folder is closed to others.
func copyOfThis(t *testing.T, folder string) string {
	t.Helper()
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(folder, "dialer"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

func runAs(t *testing.T, binary, socket string, uid, gid uint32) int {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Dir = "/"
	cmd.Env = []string{dialEnv + "=" + socket, "GORACE=atexit_sleep_ms=0"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	var said strings.Builder
	cmd.Stderr = &said
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if said.Len() > 0 {
		t.Log(said.String())
	}
	return cmd.ProcessState.ExitCode()
}
