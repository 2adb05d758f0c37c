package server

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestListenSetsTheModeAndMakesTheFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "s")
	l, err := Listen(path, 0o620)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o620 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestListenTakesAPathAsLongAsThereIs(t *testing.T) {
	folder, err := os.MkdirTemp("", "s") // a test's own folder has a long name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, strings.Repeat("s", longestPath-len(folder)-1))
	l, err := Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(path+"s", 0o600); err == nil || !strings.Contains(err.Error(), "1 bytes too long for a unix socket, which has 107 at most") {
		t.Errorf("a path of a byte more: %v", err)
	}
	if _, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	}
}

func TestListenRefusesAPathWhereAnotherServerAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(path, 0o600); !errors.Is(err, ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	if nc, err := net.Dial("unix", path); err != nil {
		t.Errorf("the first server no longer answers: %v", err)
	} else {
		_ = nc.Close()
	}
}

func TestListenTakesOverASocketThatNobodyAnswersOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	l, err := Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestCloseLeavesAnotherServersSocketAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	older, err := Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := bind(path, 0o600) // as a server that does not ask would
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	if err := older.Close(); err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the newer server's socket is gone: %v", err)
	}
	_ = nc.Close()
}

func TestListenReplacesNothingButASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(path, 0o600); err == nil {
		_ = l.Close()
		t.Error("listened in place of a file")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
		t.Errorf("the file holds %q, %v", data, err)
	}
}

func TestCloseAndListenExcludeEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	older, err := Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := lockFolder(filepath.Dir(path)) // as a newer server that is about to take the path
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- older.Close() }()
	newer, err := bind(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	unlock()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the newer server's socket is gone: %v", err)
	}
	_ = nc.Close()
}

func TestListenLeavesNothingBehindWhereItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	if err := os.Mkdir(path, 0o700); err != nil { // a folder in the way
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(path, 0o600); err == nil {
		_ = l.Close()
		t.Fatal("listened on a folder")
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A socket takes connections from the moment it is bound, and has its mode only later. Until then it lies where
// nobody else can reach it, whatever the umask: in its own folder it appears by a rename.
func TestListenBindsWhereNobodyElseCanGo(t *testing.T) {
	dir := t.TempDir()
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	if _, err := unix.InotifyAddWatch(watch, dir, unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(filepath.Join(dir, "s"), 0o660)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	events := make([]byte, 4096)
	n, err := unix.Read(watch, events)
	if err != nil {
		t.Fatal(err)
	}
	var masks []uint32
	for at := 0; at < n; {
		masks = append(masks, binary.NativeEndian.Uint32(events[at+4:]))
		at += unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[at+12:]))
	}
	if want := []uint32{unix.IN_CREATE | unix.IN_ISDIR, unix.IN_MOVED_TO}; !slices.Equal(masks, want) {
		t.Errorf("in the socket's folder happened %#x, want %#x: a folder is made, and a socket moved in", masks, want)
	}
}

func TestThePrivateFolderIsNobodyElses(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "private")
	for range 2 { // the second time it is there already
		if err := privateFolder(folder); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(folder); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%v, %v, want a folder of mode 0700", info.Mode(), err)
		}
	}
}
