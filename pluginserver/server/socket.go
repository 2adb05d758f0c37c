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
	if answers(path) {
		return nil, fmt.Errorf("listening on %s: %w", path, ErrInUse)
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

// answers tells whether a process listens at path. One that is stopped counts too: its kernel accepts.
func answers(path string) bool {
	const patience = time.Second
	nc, err := net.DialTimeout("unix", path, patience)
	if err != nil {
		// A full backlog is a listener too.
		return errors.Is(err, syscall.EAGAIN) || errors.Is(err, os.ErrDeadlineExceeded)
	}
	_ = nc.Close()
	return true
}

// bind listens under a temporary name and renames it to path, so that the socket appears at once
// with its mode and nobody finds the path empty.
func bind(path string, mode fs.FileMode) (net.Listener, error) {
	temporary := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(temporary)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	listener.SetUnlinkOnClose(false)
	own, err := publish(temporary, path, mode)
	if err != nil {
		_ = listener.Close()
		_ = os.Remove(temporary)
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	l := &socket{Listener: listener}
	l.close = sync.OnceValue(func() error {
		err := listener.Close()
		if now, statErr := os.Lstat(path); statErr == nil && os.SameFile(own, now) {
			err = errors.Join(err, os.Remove(path))
		}
		return err
	})
	return l, nil
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
