package server

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
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
