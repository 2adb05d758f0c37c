package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrInUse tells that another server answers on the socket's path.
var ErrInUse = errors.New("another server answers there")

// Listen binds a unix socket at path with the given mode. A socket file that nobody answers on is
// replaced; where somebody does, the error is ErrInUse. Closing the listener removes the file only
// while it is still this listener's own: after a reload by Kong a newer server may have put its own
// there.
func Listen(path string, mode fs.FileMode) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the socket's folder: %w", err)
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := vacant(path); err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	return bind(path, mode)
}

// lockFolder keeps two servers from taking one path over at the same time.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the socket's folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking the socket's folder: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// vacant returns nil where the path is free, or holds a socket that nobody listens on. A process that
// is stopped listens too: its kernel accepts.
func vacant(path string) error {
	const patience = time.Second
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something else than a socket")
	}
	nc, err := net.DialTimeout("unix", path, patience)
	switch {
	case err == nil:
		return errors.Join(ErrInUse, nc.Close())
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EAGAIN): // the backlog is full
		return ErrInUse
	}
	return err
}

// bind listens under a temporary name and renames it to path, so that the socket appears at once
// with its mode and nobody finds the path empty. The temporary name lies in a folder that only this user can
// enter: a socket takes connections before it has its mode, and Kong starts servers with an umask of 0.
func bind(path string, mode fs.FileMode) (net.Listener, error) {
	temporary := temporaryName(path)
	if over := max(len(path), len(temporary)) - longestPath; over > 0 {
		return nil, fmt.Errorf("listening on %s: the path is %d bytes too long for a unix socket, which has %d at most", path, over, longestPath)
	}
	folder := filepath.Dir(temporary)
	if err := privateFolder(folder); err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	listener.SetUnlinkOnClose(false)
	own, err := publish(temporary, path, mode)
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	l := &socket{Listener: listener}
	l.close = sync.OnceValue(func() error { return leave(listener, path, own) })
	return l, nil
}

// longestPath is the longest path of a unix socket, which ends in a zero (unix(7)).
const longestPath = len(unix.RawSockaddrUnix{}.Path) - 1

// temporaryName is that of a socket before it has its path: in a folder of its own beside it, and no longer than most.
func temporaryName(path string) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%d", os.Getpid()), "s")
}

// privateFolder makes a folder, and takes away what a process of the same number has left there.
func privateFolder(folder string) error {
	_ = os.Remove(filepath.Join(folder, "s"))
	_ = os.Remove(folder)
	return os.Mkdir(folder, 0o700)
}

// leave closes a listener and removes its file while that is still its own. The lock keeps a new
// server from putting its own there between the look and the removal.
func leave(listener net.Listener, path string, own fs.FileInfo) error {
	unlock, err := lockFolder(filepath.Dir(path))
	if err == nil {
		defer unlock()
	}
	err = errors.Join(err, listener.Close())
	if now, statErr := os.Lstat(path); statErr == nil && os.SameFile(own, now) {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

func publish(temporary, path string, mode fs.FileMode) (fs.FileInfo, error) {
	if err := os.Chmod(temporary, mode); err != nil {
		return nil, err
	}
	if err := os.Rename(temporary, path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

// socket is a listener that removes its file when it is closed.
type socket struct {
	net.Listener
	close func() error
}

func (s *socket) Close() error { return s.close() }
