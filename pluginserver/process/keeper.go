package process

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A server that is killed takes its connections with it, and that hits a fault of Kong 3.9.3: of the
// requests in flight each is retried at once, by starting the instance anew over a pooled connection.
// If nginx has not yet seen that this one is closed too, the send raises "broken pipe" past the line
// that gives the claim on the instance back (get_instance_id in plugin.lua), and for ten seconds every
// request to that plugin in that worker waits for the claim in vain.
//
// So the parent holds a duplicate of each connection that Kong has pooled. When the server is gone it
// ends them in Kong's direction only: Kong reads their end, and what it sends meanwhile still has a
// taker. A start over such a connection then fails by "closed", where Kong gives the claim back.

// keeperEnv tells a server the file descriptor on which its parent takes duplicates.
const keeperEnv = "TOLLGATE_KEEPER_FD"

// halfOpen is how long the connections of a dead server stay half open: nginx sees their end within
// a round of its event loop.
const halfOpen = time.Second

// keeper holds the connections of one server process. Its goroutine ends some time after the process.
type keeper struct {
	log     *slog.Logger
	control int // where the server hands connections over; its end is the server's
	epoll   int
	held    map[int]struct{}
}

// startKeeper returns the server's end of a new keeper. Close it once the server has been started.
func startKeeper(log *slog.Logger) (serverEnd *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a keeper's sockets: %w", err)
	}
	serverEnd = os.NewFile(uintptr(pair[1]), "keeper")
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a keeper's epoll: %w", err), unix.Close(pair[0]), serverEnd.Close())
	}
	k := &keeper{log: log, control: pair[0], epoll: epoll, held: map[int]struct{}{}}
	if err := k.watch(k.control, unix.EPOLLIN); err != nil {
		return nil, errors.Join(err, unix.Close(pair[0]), unix.Close(epoll), serverEnd.Close())
	}
	go k.run()
	return serverEnd, nil
}

func (k *keeper) watch(fd int, events uint32) error {
	if err := unix.EpollCtl(k.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("watching a connection: %w", err)
	}
	return nil
}

// run holds connections until the server is gone, and a little longer.
func (k *keeper) run() {
	defer k.close()
	for k.wait(-1, k.take) {
	}
	for fd := range k.held {
		_ = unix.Shutdown(fd, unix.SHUT_WR)
	}
	dismiss := func() bool { return false }
	for deadline := time.Now().Add(halfOpen); len(k.held) > 0 && time.Now().Before(deadline); {
		k.wait(time.Until(deadline), dismiss)
	}
}

func (k *keeper) close() {
	for fd := range k.held {
		_ = unix.Close(fd)
	}
	_ = unix.Close(k.epoll)
	if k.control >= 0 {
		_ = unix.Close(k.control)
	}
}

// wait drops connections that have ended, and calls handedOver when the server hands one over. It
// tells whether to go on.
func (k *keeper) wait(atMost time.Duration, handedOver func() bool) bool {
	events := make([]unix.EpollEvent, 64)
	timeout := -1
	if atMost >= 0 {
		timeout = int(atMost.Milliseconds()) + 1
	}
	n, err := unix.EpollWait(k.epoll, events, timeout)
	if errors.Is(err, unix.EINTR) {
		return true
	}
	goOn := err == nil
	for _, event := range events[:max(n, 0)] {
		if fd := int(event.Fd); fd != k.control {
			k.drop(fd)
		} else {
			goOn = handedOver() && goOn
		}
	}
	return goOn
}

// drop closes a duplicate. While the server has the connection open closing does not end the watch,
// and what it reports would be taken for another file that has got the number since.
func (k *keeper) drop(fd int) {
	_ = unix.EpollCtl(k.epoll, unix.EPOLL_CTL_DEL, fd, nil)
	delete(k.held, fd)
	_ = unix.Close(fd)
}

// take receives a duplicate. It tells whether the server is still there.
func (k *keeper) take() bool {
	data, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	n, rightsLen, _, _, err := unix.Recvmsg(k.control, data, rights, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return true
	case err != nil || n == 0:
		_ = unix.Close(k.control)
		k.control = -1
		return false
	}
	for _, fd := range received(rights[:rightsLen]) {
		// Whether there is something to read is the server's business; the end of it is ours.
		if err := k.watch(fd, unix.EPOLLRDHUP); err != nil {
			k.log.Warn("holding a connection", "error", err)
			_ = unix.Close(fd)
			continue
		}
		k.held[fd] = struct{}{}
	}
	return true
}

func received(rights []byte) []int {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil
	}
	return fds
}

// Keep returns what hands a server's connections to its parent, nil where the parent takes none. Such
// a connection has to be ended by a shutdown: closing it is not enough, since the parent holds it too.
func Keep() (func(net.Conn) error, error) {
	text, ok := os.LookupEnv(keeperEnv)
	if !ok {
		return nil, nil
	}
	control, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%s: must be a file descriptor, got %q", keeperEnv, text)
	}
	unix.CloseOnExec(control)
	return func(nc net.Conn) error { return handOver(control, nc) }, nil
}

// handOver does not wait for a parent that is slow: the connection is then not held, as without one.
func handOver(control int, nc net.Conn) error {
	conn, ok := nc.(*net.UnixConn)
	if !ok {
		return errors.New("handing a connection over: it is none of a unix socket")
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("handing a connection over: %w", err)
	}
	var sendErr error
	err = raw.Control(func(fd uintptr) {
		sendErr = unix.Sendmsg(control, []byte{0}, unix.UnixRights(int(fd)), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	if err := errors.Join(err, sendErr); err != nil {
		return fmt.Errorf("handing a connection over: %w", err)
	}
	return nil
}
