package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// maxFrame is far above what a plugin needs. Kong itself has no limit.
const maxFrame = 64 << 20

// Conn is one connection to a plugin server. It is not for concurrent use.
type Conn struct {
	conn    net.Conn
	reader  *bufio.Reader
	timeout time.Duration
	expiry  *time.Timer // set while the connection lies in a pool
}

func newConn(c net.Conn, timeout time.Duration) *Conn {
	return &Conn{conn: c, reader: bufio.NewReader(c), timeout: timeout}
}

// WriteFrame writes length and data with one call each, as Kong does, so that
// a server meets frames in two pieces.
func (c *Conn) WriteFrame(data []byte) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return reason(err)
	}
	length := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	if _, err := c.conn.Write(length); err != nil {
		return reason(err)
	}
	if len(data) == 0 {
		return nil
	}
	_, err := c.conn.Write(data)
	return reason(err)
}

// ReadFrame waits no longer than the read timeout for each part of a frame.
func (c *Conn) ReadFrame() ([]byte, error) {
	var length [4]byte
	if err := c.readFull(length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size > maxFrame {
		return nil, Error(fmt.Sprintf("a frame of %d bytes is more than kongsim reads", size))
	}
	data := make([]byte, size)
	if size == 0 {
		return data, nil
	}
	return data, c.readFull(data)
}

func (c *Conn) readFull(data []byte) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return reason(err)
	}
	_, err := io.ReadFull(c.reader, data)
	return reason(err)
}

// usable reports whether the connection may be kept: nothing unread in it and
// not closed by the other side. nginx closes an idle connection on either.
func (c *Conn) usable() bool {
	if c.reader.Buffered() > 0 {
		return false
	}
	raw, err := c.conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && quiet
}

// Error is a failure of the socket, in nginx's words.
type Error string

func (e Error) Error() string { return string(e) }

// reason turns Go's errors into nginx's.
func reason(err error) error {
	var number syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return Error("closed")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Error("timeout")
	case errors.As(err, &number):
		return Error(number.Error())
	}
	return Error(err.Error())
}
