package bench

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"testing"
)

// allocsSocket is where a server tells how many objects it has allocated so far.
const allocsSocket = "allocs"

// tellAllocs answers each connection on a socket in a folder with the number.
func tellAllocs(folder string) error {
	listener, err := net.Listen("unix", filepath.Join(folder, allocsSocket))
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			count := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}
			metrics.Read(count)
			_, _ = fmt.Fprint(c, count[0].Value.Uint64())
			_ = c.Close()
		}
	}()
	return nil
}

// allocs is what a server whose socket that is has allocated so far.
func allocs(tb testing.TB, socket string) float64 {
	tb.Helper()
	c, err := net.Dial("unix", filepath.Join(filepath.Dir(socket), allocsSocket))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	text, err := io.ReadAll(c)
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return float64(n)
}
